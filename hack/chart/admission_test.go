package chart

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var quantity = resource.MustParse("1Gi")

// TestPoliciesAreWellTyped: the API server compares every expression with the schemas of the kinds that it is for.
func TestPoliciesAreWellTyped(t *testing.T) {
	c := apiServer(t)
	for _, policy := range c.policies(t) {
		wait(t, "the types of "+policy.Name, func() (bool, string) {
			err := c.admin.Get(t.Context(), client.ObjectKeyFromObject(&policy), &policy)
			return err == nil && policy.Status.ObservedGeneration == policy.Generation && policy.Status.TypeChecking != nil,
				fmt.Sprint(err, policy.Status)
		})
		for _, warning := range policy.Status.TypeChecking.ExpressionWarnings {
			t.Errorf("%s: %s: %s", policy.Name, warning.FieldRef, warning.Warning)
		}
	}
}

// TestGoldenObjectsAreAdmitted creates, as the operator, everything that the golden files show.
func TestGoldenObjectsAreAdmitted(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	admitted := map[string]int{}
	for _, g := range goldens(t) {
		c.namespace(t, g.object.GetNamespace(), nil)
		if err := c.operator.Create(t.Context(), g.object, client.DryRunAll); err != nil {
			t.Errorf("%s: %v", g.file, err)
			continue
		}
		admitted[g.object.GetKind()]++
	}
	t.Logf("admitted: %v", admitted)
	for kind, least := range map[string]int{"Deployment": 30, "StatefulSet": 35, "Job": 20, "Service": 50, "PersistentVolumeClaim": 2} {
		if admitted[kind] < least {
			t.Errorf("only %d of %s were tried", admitted[kind], kind)
		}
	}
}

// TestSecretsAreAdmitted holds the types that the operator makes.
func TestSecretsAreAdmitted(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	for _, kind := range []corev1.SecretType{
		corev1.SecretTypeOpaque, "", corev1.SecretTypeTLS, "servicebinding.io/postgresql", "servicebinding.io/rabbitmq",
	} {
		secret := &corev1.Secret{ObjectMeta: own("made"), Type: kind, Immutable: ptr.To(true), StringData: map[string]string{
			corev1.TLSCertKey: "", corev1.TLSPrivateKeyKey: "",
		}}
		if err := c.operator.Create(t.Context(), secret, client.DryRunAll); err != nil {
			t.Errorf("type %q: %v", kind, err)
		}
	}
}

type shape struct {
	object client.Object
	want   string
}

// TestBadShapesAreRefused creates, as the operator, what it would never make.
func TestBadShapesAreRefused(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	shapes := badPods(t)
	for _, more := range []map[string]shape{badContainers(t), badVolumes(t), badObjects(t)} {
		for name, s := range more {
			shapes[name] = s
		}
	}
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			err := c.operator.Create(t.Context(), s.object, client.DryRunAll)
			if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "denied request: "+s.want) {
				t.Errorf("want a refusal with %q, got: %v", s.want, err)
			}
		})
	}
	t.Logf("%d shapes", len(shapes))
}

func badPods(t *testing.T) map[string]shape {
	const pod = "spec.template.spec."
	d, j := deployment(t), job(t)
	return map[string]shape{
		"host network": {bad(d, func(w *workload) { w.pod.HostNetwork = true }), pod + "hostNetwork"},
		"host PID":     {bad(j, func(w *workload) { w.pod.HostPID = true }), pod + "hostPID"},
		"host IPC":     {bad(d, func(w *workload) { w.pod.HostIPC = true }), pod + "hostIPC"},
		"shared processes": {bad(d, func(w *workload) { w.pod.ShareProcessNamespace = ptr.To(true) }),
			pod + "shareProcessNamespace"},
		"node by name": {bad(d, func(w *workload) { w.pod.NodeName = "control-plane" }), pod + "nodeName"},
		"devices": {bad(d, func(w *workload) {
			w.pod.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu", ResourceClaimName: ptr.To("gpu")}}
		}), pod + "resourceClaims"},
		"token": {bad(d, func(w *workload) { w.pod.AutomountServiceAccountToken = ptr.To(true) }),
			pod + "automountServiceAccountToken"},
		"token by default": {bad(j, func(w *workload) { w.pod.AutomountServiceAccountToken = nil }),
			pod + "automountServiceAccountToken"},
		"service account of backups elsewhere": {bad(d, func(w *workload) { w.pod.ServiceAccountName = "acme-backup-target" }),
			pod + "serviceAccountName"},
		"foreign service account in a job": {bad(j, func(w *workload) { w.pod.ServiceAccountName = "deployer" }), pod + "serviceAccountName"},
		"foreign service account":          {bad(d, func(w *workload) { w.pod.ServiceAccountName = "deployer" }), pod + "serviceAccountName"},
		"root":                             {bad(d, func(w *workload) { w.pod.SecurityContext.RunAsUser = ptr.To(int64(0)) }), pod + "securityContext"},
		"may be root":                      {bad(d, func(w *workload) { w.pod.SecurityContext.RunAsNonRoot = nil }), pod + "securityContext"},
		"no security context":              {bad(d, func(w *workload) { w.pod.SecurityContext = nil }), pod + "securityContext"},
		"seccomp": {bad(d, func(w *workload) { w.pod.SecurityContext.SeccompProfile.Type = "Unconfined" }),
			pod + "securityContext.seccompProfile"},
		"sysctl": {bad(d, func(w *workload) {
			w.pod.SecurityContext.Sysctls = []corev1.Sysctl{{Name: "kernel.msgmax", Value: "1"}}
		}), pod + "securityContext"},
		"SELinux": {bad(d, func(w *workload) { w.pod.SecurityContext.SELinuxOptions = &corev1.SELinuxOptions{Type: "spc_t"} }),
			pod + "securityContext"},
		"unlabelled pods": {bad(d, func(w *workload) { delete(w.template.Labels, "app.kubernetes.io/managed-by") }),
			"spec.template.metadata.labels"},
		"no owner": {bad(d, func(w *workload) { w.object.SetOwnerReferences(nil) }), "metadata.ownerReferences"},
		"owner of another group": {bad(d, func(w *workload) {
			references := owners()
			references[0].APIVersion = "v1"
			w.object.SetOwnerReferences(references)
		}), "metadata.ownerReferences"},
	}
}

func badContainers(t *testing.T) map[string]shape {
	const containers = "spec.template.spec.containers[*]."
	d, s := deployment(t), statefulSet(t)
	return map[string]shape{
		"privileged": {bad(d, func(w *workload) {
			w.security.Privileged, w.security.AllowPrivilegeEscalation = ptr.To(true), nil
		}), containers + "securityContext"},
		"escalation": {bad(d, func(w *workload) { w.security.AllowPrivilegeEscalation = nil }), containers + "securityContext"},
		"escalation of an init container": {bad(d, func(w *workload) {
			w.pod.InitContainers[0].SecurityContext.AllowPrivilegeEscalation = ptr.To(true)
		}), containers + "securityContext"},
		"no container security context": {bad(d, func(w *workload) { w.container.SecurityContext = nil }),
			containers + "securityContext"},
		"capabilities kept":  {bad(d, func(w *workload) { w.security.Capabilities.Drop = nil }), containers + "securityContext.capabilities"},
		"capabilities added": {bad(d, func(w *workload) { w.security.Capabilities.Add = []corev1.Capability{"NET_BIND_SERVICE"} }), containers + "securityContext.capabilities"},
		"container as root":  {bad(d, func(w *workload) { w.security.RunAsUser = ptr.To(int64(0)) }), containers + "securityContext"},
		"container unconfined": {bad(d, func(w *workload) {
			w.security.SeccompProfile = &corev1.SeccompProfile{Type: "Unconfined"}
		}), containers + "securityContext"},
		"host port": {bad(d, func(w *workload) { w.container.Ports[0].HostPort = 80 }), containers + "ports[*].hostPort"},
		"raw device": {bad(d, func(w *workload) {
			w.container.VolumeMounts = nil
			w.container.VolumeDevices = []corev1.VolumeDevice{{Name: "claim-uploads", DevicePath: "/dev/x"}}
		}), containers + "volumeDevices"},
		"foreign Secret in an engine's variable": {bad(s, func(w *workload) {
			w.container.Env = append(w.container.Env, corev1.EnvVar{Name: "X", ValueFrom: &corev1.EnvVarSource{
				SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "rds"}, Key: "k"},
			}})
		}), containers + "env"},
		"foreign Secret in an engine's variables": {bad(s, func(w *workload) {
			w.container.EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "default-token-v1"},
			}}}
		}), containers + "env"},
	}
}

func badVolumes(t *testing.T) map[string]shape {
	const volumes = "spec.template.spec.volumes"
	d, s, j := deployment(t), statefulSet(t), job(t)
	with := func(object client.Object, source corev1.VolumeSource) client.Object {
		return bad(object, func(w *workload) {
			w.pod.Volumes = append(w.pod.Volumes, corev1.Volume{Name: "x", VolumeSource: source})
		})
	}
	token := corev1.VolumeProjection{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}}
	secret := corev1.VolumeProjection{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "rds"}}}
	projected := func(source corev1.VolumeProjection) corev1.VolumeSource {
		return corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{source}}}
	}
	foreign := copyOf(s)
	foreign.Spec.VolumeClaimTemplates[0].Spec.VolumeName = "left-behind"
	return map[string]shape{
		"host path":  {with(d, corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}), volumes},
		"NFS":        {with(d, corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Server: "nfs", Path: "/"}}), volumes},
		"inline CSI": {with(j, corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "secrets-store.csi.k8s.io"}}), volumes},
		"ephemeral claim": {with(d, corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{
			VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: claim("").Spec},
		}}), volumes},
		"ephemeral claim of a given volume": {with(j, corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{
			VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: claim("left-behind").Spec},
		}}), volumes + "[*].ephemeral"},
		"host path by the clock":            {scheduled(with(j, corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}})), volumes},
		"foreign Secret by the clock":       {scheduled(with(j, corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "rds"}})), volumes},
		"projected token":                   {with(d, projected(token)), volumes + "[*].projected.sources"},
		"foreign Secret in an engine":       {with(s, corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "rds"}}), volumes},
		"foreign Secret in a job":           {with(j, corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "rds"}}), volumes},
		"foreign Secret projected in a job": {with(j, projected(secret)), volumes},
		"claim template of a given volume":  {foreign, "spec.volumeClaimTemplates"},
	}
}

// scheduled is a CronJob that makes a Job.
func scheduled(object client.Object) client.Object {
	run := object.(*batchv1.Job) //nolint:forcetypeassert // it is called for Jobs
	return &batchv1.CronJob{ObjectMeta: run.ObjectMeta, Spec: batchv1.CronJobSpec{
		Schedule: "@daily", JobTemplate: batchv1.JobTemplateSpec{Spec: run.Spec},
	}}
}

// TestBackupsAreAccepted: a Job and a CronJob with what those of backups have.
func TestBackupsAreAccepted(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	run := bad(job(t), func(w *workload) {
		w.pod.Volumes = append(w.pod.Volumes, corev1.Volume{Name: "archive", VolumeSource: corev1.VolumeSource{
			Ephemeral: &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: claim("").Spec}},
		}})
		w.container.Env = append(w.container.Env, corev1.EnvVar{Name: "PASSPHRASE", ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "shop-main-backup-key"}, Key: "passphrase",
			},
		}})
		w.pod.Volumes = append(w.pod.Volumes, corev1.Volume{Name: "access", VolumeSource: corev1.VolumeSource{
			Secret: &corev1.SecretVolumeSource{SecretName: "acme-backup-target"},
		}})
	})
	identified := bad(run, func(w *workload) { w.pod.ServiceAccountName = "acme-backup-target" })
	for _, object := range []client.Object{run, scheduled(run), identified, scheduled(identified)} {
		if err := c.operator.Create(t.Context(), object, client.DryRunAll); err != nil {
			t.Errorf("%T: %v", object, err)
		}
	}
}

func badObjects(t *testing.T) map[string]shape {
	selector := map[string]string{"app.kubernetes.io/instance": "shop"}
	service := func(change func(*corev1.ServiceSpec)) client.Object {
		object := &corev1.Service{ObjectMeta: own("shop-web"), Spec: corev1.ServiceSpec{
			Selector: selector, Ports: []corev1.ServicePort{{Name: "http", Port: 80}},
		}}
		change(&object.Spec)
		return object
	}
	secret := func(kind corev1.SecretType) client.Object {
		object := &corev1.Secret{ObjectMeta: own("x"), Type: kind, Immutable: ptr.To(true)}
		object.Annotations = map[string]string{"kubernetes.io/service-account.name": "default"}
		return object
	}
	mutable := &corev1.Secret{ObjectMeta: own("x")}
	elsewhere := func(namespace string) client.Object {
		object := bad(deployment(t), func(*workload) {})
		object.SetNamespace(namespace)
		return object
	}
	return map[string]shape{
		"external name":                 {service(func(s *corev1.ServiceSpec) { s.Type, s.ExternalName = "ExternalName", "example.com" }), "spec.type"},
		"node port":                     {service(func(s *corev1.ServiceSpec) { s.Type = "NodePort" }), "spec.type"},
		"external address":              {service(func(s *corev1.ServiceSpec) { s.ExternalIPs = []string{"203.0.113.1"} }), "spec.externalIPs"},
		"service without pods":          {service(func(s *corev1.ServiceSpec) { s.Selector = nil }), "spec.selector"},
		"token of a service account":    {secret(corev1.SecretTypeServiceAccountToken), "type"},
		"bootstrap token":               {secret(corev1.SecretTypeBootstrapToken), "type"},
		"mutable Secret":                {mutable, "immutable"},
		"claim of a given volume":       {claim("left-behind"), "spec.volumeName"},
		"workload in kube-system":       {elsewhere("kube-system"), "metadata.namespace"},
		"workload in kube-public":       {elsewhere("kube-public"), "metadata.namespace"},
		"unlabelled ConfigMap":          {&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "x"}}, "metadata.labels"},
		"Secret labelled as of another": {&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "x", Labels: map[string]string{"app.kubernetes.io/managed-by": "Helm"}}, Immutable: ptr.To(true)}, "metadata.labels"},
	}
}

// TestOnlyTheOperatorIsNarrowed: what the operator may not do, others may.
func TestOnlyTheOperatorIsNarrowed(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	object := bad(deployment(t), func(w *workload) { w.pod.HostNetwork = true })
	if err := c.admin.Create(t.Context(), object, client.DryRunAll); err != nil {
		t.Error(err)
	}
}

// TestForeignObjectsAreLeftAlone changes and deletes, as the operator, what is its own and what is not.
func TestForeignObjectsAreLeftAlone(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	labels := map[string]string{"app.kubernetes.io/managed-by": "stackwright"}
	for name, test := range map[string]struct {
		meta    metav1.ObjectMeta
		refused bool
	}{
		"foreign":             {metav1.ObjectMeta{Name: "coredns"}, true},
		"of-helm":             {metav1.ObjectMeta{Name: "of-helm", Labels: map[string]string{"app.kubernetes.io/managed-by": "Helm"}}, true},
		"labelled":            {metav1.ObjectMeta{Name: "labelled", Labels: labels}, false},
		"owned, labels lost":  {metav1.ObjectMeta{Name: "owned", OwnerReferences: owners()}, false},
		"anchor, labels lost": {metav1.ObjectMeta{Name: "shop-main-database-anchor"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			object := &corev1.ConfigMap{ObjectMeta: test.meta}
			object.Namespace = c.namespace(t, "foreign", nil).Name
			if err := c.admin.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			next := copyOf(object)
			next.Labels = labels
			next.Data = map[string]string{"touched": "yes"}
			for verb, err := range map[string]error{
				"patch":  c.operator.Patch(t.Context(), next, client.MergeFrom(object), client.DryRunAll),
				"delete": c.operator.Delete(t.Context(), object, client.DryRunAll),
			} {
				if refused := apierrors.IsForbidden(err) && strings.Contains(err.Error(), "not Stackwright's"); refused != test.refused || !refused && err != nil {
					t.Errorf("%s: refused is to be %v, got: %v", verb, test.refused, err)
				}
			}
		})
	}
}

// TestForeignAdditionsDoNotBlockRepairs: a template that somebody else spoilt can still be scaled, and not be made worse.
func TestForeignAdditionsDoNotBlockRepairs(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	object := deployment(t)
	object.Namespace, object.OwnerReferences = c.namespace(t, "spoilt", nil).Name, nil
	injected := corev1.Volume{Name: "injected", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/etc/ssl"}}}
	object.Spec.Template.Spec.Volumes = append(object.Spec.Template.Spec.Volumes, injected)
	if err := c.admin.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	patch := func(change func(*appsv1.Deployment)) error {
		next := copyOf(object)
		change(next)
		return c.operator.Patch(t.Context(), next, client.MergeFrom(object), client.DryRunAll)
	}
	if err := patch(func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To(int32(0)) }); err != nil {
		t.Errorf("scale: %v", err)
	}
	if err := patch(func(d *appsv1.Deployment) { d.Labels["app.kubernetes.io/name"] = "mended" }); err != nil {
		t.Errorf("label: %v", err)
	}
	mended := func(d *appsv1.Deployment) {
		volumes := d.Spec.Template.Spec.Volumes
		d.Spec.Template.Spec.Volumes = slices.DeleteFunc(volumes, func(v corev1.Volume) bool { return v.Name == "injected" })
		d.Spec.Template.Spec.Containers[0].Image = "ghcr.io/acme/shop:2"
	}
	if err := patch(mended); err != nil {
		t.Errorf("mend: %v", err)
	}
	err := patch(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "ghcr.io/acme/shop:2" })
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "spec.template.spec.volumes") {
		t.Errorf("a new template with a foreign volume: %v", err)
	}
}

// TestNamespaceDeletion: the label refuses it, the annotation allows it.
func TestNamespaceDeletion(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	plain := c.namespace(t, "plain", map[string]string{"stackwright.dev/protected": "false"})
	if err := c.admin.Delete(t.Context(), plain); err != nil {
		t.Errorf("without the label: %v", err)
	}
	guarded := c.namespace(t, "orders", map[string]string{"stackwright.dev/protected": "true"})
	c.release(t, guarded, "kubectl annotate namespace orders stackwright.dev/allow-deletion=true")
}

// TestCRDDeletion: the CRDs of this group are guarded, alone and all at once; others are not.
func TestCRDDeletion(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	for _, object := range c.list(t, "apiextensions.k8s.io/v1", "CustomResourceDefinition") {
		err := c.admin.Delete(t.Context(), object, client.DryRunAll)
		want := "kubectl annotate crd " + object.GetName() + " stackwright.dev/allow-deletion=true"
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", object.GetName(), err)
		}
	}
	all := foreignCRD()
	if err := c.admin.DeleteAllOf(t.Context(), all); !apierrors.IsForbidden(err) {
		t.Errorf("all at once: %v", err)
	}
	foreign := foreignCRD()
	if err := c.admin.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	if err := c.admin.Delete(t.Context(), foreign); err != nil {
		t.Errorf("of another group: %v", err)
	}
	queues := foreignCRD()
	queues.SetName("stackqueues.stackwright.dev")
	c.release(t, queues, "kubectl annotate crd stackqueues.stackwright.dev stackwright.dev/allow-deletion=true")
	again := objects(t, render(t, home, nil))["CustomResourceDefinition/"+queues.GetName()]
	if err := c.admin.Create(t.Context(), asObject(again)); err != nil { // for the other tests
		t.Error(err)
	}
}

// release deletes an object: first without, then with the annotation that the message tells of.
func (c *controlPlane) release(t *testing.T, object client.Object, advice string) {
	t.Helper()
	ctx := t.Context()
	for _, value := range []string{"", "false"} {
		c.annotate(ctx, t, object, value)
		if err := c.admin.Delete(ctx, object); !apierrors.IsForbidden(err) || !strings.HasSuffix(err.Error(), advice) {
			t.Errorf("with the annotation %q: %v", value, err)
		}
	}
	c.annotate(ctx, t, object, "true")
	if err := c.admin.Delete(ctx, object); err != nil {
		t.Fatalf("with the annotation: %v", err)
	}
	wait(t, object.GetName()+" goes", func() (bool, string) {
		err := c.admin.Get(ctx, client.ObjectKeyFromObject(object), object)
		return apierrors.IsNotFound(err), fmt.Sprint(err, object.GetDeletionTimestamp())
	})
}

func (c *controlPlane) annotate(ctx context.Context, t *testing.T, object client.Object, value string) {
	t.Helper()
	patch := fmt.Sprintf(`{"metadata":{"annotations":{"stackwright.dev/allow-deletion":%q}}}`, value)
	if err := c.admin.Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		t.Fatal(err)
	}
}
