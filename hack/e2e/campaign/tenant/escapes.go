package tenant

import (
	"context"
	"errors"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// ways out of a pod: a field of a component, and what the refusal names. None is part of the API but where a rule is named.
var ways = []struct{ name, fields, says string }{
	{"host-network", "hostNetwork: true", "hostNetwork"},
	{"host-pid", "hostPID: true", "hostPID"},
	{"host-ipc", "hostIPC: true", "hostIPC"},
	{"host-users", "hostUsers: true", "hostUsers"},
	{"host-aliases", "hostAliases: [{ip: 127.0.0.1, hostnames: [bank]}]", "hostAliases"},
	{"host-port", "ports: [{name: a, port: 9000, hostPort: 22}]", "hostPort"},
	{"host-path", "volumes: [{name: root, hostPath: {path: /}}]", "hostPath"},
	{"privileged", "securityContext: {privileged: true}", "privileged"},
	{"capabilities", "securityContext: {capabilities: {add: [SYS_ADMIN]}}", "capabilities"},
	{"privilege-escalation", "securityContext: {allowPrivilegeEscalation: true}", "allowPrivilegeEscalation"},
	{"proc-mount", "securityContext: {procMount: Unmasked}", "procMount"},
	{"seccomp", "securityContext: {seccompProfile: {type: Unconfined}}", "seccompProfile"},
	{"sysctls", "securityContext: {sysctls: [{name: kernel.core_pattern, value: x}]}", "sysctls"},
	{"root", "securityContext: {runAsUser: 0}", "runAsUser"},
	{"root-group", "securityContext: {fsGroup: 0}", "fsGroup"},
	{"not-non-root", "securityContext: {runAsNonRoot: false}", "runAsNonRoot"},
	{"node-name", "nodeName: control-plane", "nodeName"},
	{"node-selector", "nodeSelector: {node-role.kubernetes.io/control-plane: \"\"}", "nodeSelector"},
	{"tolerations", "tolerations: [{operator: Exists}]", "tolerations"},
	{"affinity", "affinity: {podAffinity: {}}", "affinity"},
	{"priority", "priorityClassName: system-node-critical", "priorityClassName"},
	{"runtime-class", "runtimeClassName: unconfined", "runtimeClassName"},
	{"token", "automountServiceAccountToken: true", "automountServiceAccountToken"},
	{"projected-token", "volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: t, audience: vault}}]}}]", "projected"},
	{"ephemeral-csi", "volumes: [{name: t, csi: {driver: secrets-store.csi.k8s.io}}]", "csi"},
	{"nfs", "volumes: [{name: t, nfs: {server: 10.0.0.1, path: /}}]", "nfs"},
	{"claim-of-others", "volumes: [{name: t, persistentVolumeClaim: {claimName: data-bank-0}}]", "persistentVolumeClaim"},
	{"devices", "volumeDevices: [{name: t, devicePath: /dev/sda}]", "volumeDevices"},
	{"share-processes", "shareProcessNamespace: true", "shareProcessNamespace"},
	{"ephemeral-container", "ephemeralContainers: [{name: a, image: a}]", "ephemeralContainers"},
	{"init-privileged", "initContainers: [{name: a, securityContext: {privileged: true}}]", "initContainers[0].securityContext"},
	{"init-port", "initContainers: [{name: a, ports: [{hostPort: 1}]}]", "initContainers[0].ports"},
	{"sub-path-goes-up", "volumes: [{name: t, emptyDir: {}}]\nvolumeMounts: [{name: t, mountPath: /t, subPath: ../../etc}]", "subPath"},
	{"sub-path-expression", "volumes: [{name: t, emptyDir: {}}]\nvolumeMounts: [{name: t, mountPath: /t, subPathExpr: $(A)}]", "subPathExpr"},
	{"mount-propagation", "volumes: [{name: t, emptyDir: {}}]\nvolumeMounts: [{name: t, mountPath: /t, mountPropagation: Bidirectional}]", "mountPropagation"},
	{"mount-path-goes-up", "volumes: [{name: t, emptyDir: {}}]\nvolumeMounts: [{name: t, mountPath: /srv/../bindings}]", "mountPath"},
	{"mount-over-bindings", "volumes: [{name: t, emptyDir: {}}]\nvolumeMounts: [{name: t, mountPath: /bindings/main}]", "mountPath"},
	{"file-goes-up", "volumes: [{name: t, configMap: {name: a, items: [{key: a, path: ../../etc/passwd}]}}]", "path"},
}

// escapes try to leave the pod.
func escapes() []Attack {
	var attacks []Attack
	var all []string
	for _, way := range ways {
		attacks = append(attacks, Attack{
			Name: way.name, Expect: "refused: there is no such field, or a rule forbids the value", Steps: []Step{create(web(way.fields), way.says)},
		})
		if !strings.Contains(way.fields, "\n") && !strings.ContainsAny(way.fields, "[") && !strings.HasPrefix(way.fields, "securityContext") {
			all = append(all, way.fields)
		}
	}
	pruned := web(strings.Join(all, "\n") + "\nsecurityContext: {privileged: true, procMount: Unmasked, capabilities: {add: [SYS_ADMIN]}}\nuses: []")
	attacks = append(attacks,
		Attack{
			Name: "unknown-fields-of-old-clients", Expect: "accepted without the fields, which are in no pod", Steps: []Step{lenient(pruned)},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}},
		},
		Attack{
			Name: "placement-of-another-class", Expect: "Invalid that names the field: the class has no such placement", Steps: []Step{create(web("placement: control-plane\nuses: []"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonInvalid, []string{"spec.components[web].placement", "control-plane"}}},
		},
		Attack{
			Name: "field-of-the-node", Expect: "Invalid with the API server's words: a pod shows few of its own fields", Steps: []Step{create(web("uses: []\nenv: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.volumes}}}]"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonInvalid, []string{"shop-web", "fieldPath"}}},
		},
		Attack{
			Name: "memory-without-end", CVE: cveTraversal, Expect: "accepted: a pod's size is what the namespace's quota lets in; the pod gets exactly what was asked",
			Steps: []Step{create(web("uses: []\nresources: {requests: {memory: 1Ti}}"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}}, Check: func(ctx context.Context, s *scene) error {
				deployment := &appsv1.Deployment{}
				err := s.get(ctx, "shop-web", deployment)
				if err == nil && deployment.Spec.Template.Spec.Containers[0].Resources.Limits.Memory().String() != "1Ti" {
					err = errors.New("the pod got something else")
				}
				return err
			},
		},
	)
	return classed(PodEscape, attacks...)
}
