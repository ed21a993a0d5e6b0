package main

const (
	sets     = "controllers/credentials/sets.go"
	passFile = "controllers/dataservice_pass.go"
)

// importErrors lets a file sort errors of the API server.
const importErrors = `	apierrors "k8s.io/apimachinery/pkg/api/errors"`

// credentialBugs lose a password, or count one that nobody can be sure of.
var credentialBugs = []Bug{
	{
		Name: "password-made-anew-on-restart", Stands: "bitpoke 75, 590, canonical-mongodb 444: applications locked out",
		Edits: []Edit{
			{sets, "\t\"strconv\"\n", "\t\"strconv\"\n\t\"sync\"\n"},
			{sets, "const highest = 1 << 30\n", "const highest = 1 << 30\n\n// made are the services whose password this process knows.\nvar made sync.Map\n"},
			{
				sets, "	if a.Admin != nil || len(m.Provider.AdminValues) == 0 {", `	_, known := made.LoadOrStore(service.Namespace+"/"+service.Name, true)
	if known && a.Admin != nil || len(m.Provider.AdminValues) == 0 {`,
			},
		},
		Tries: []Try{{Plans: "crash/image-change/kill-"}}, Oracles: []string{"O7"},
	},
	{
		Name: "lost-reply-counts", Stands: "Sieve, intermediate state: a write whose answer got lost is taken for done",
		Edits: []Edit{
			{sets, "	corev1 \"k8s.io/api/core/v1\"\n", "	corev1 \"k8s.io/api/core/v1\"\n" + importErrors + "\n"},
			{
				sets, "	if err := m.Client.Create(ctx, secret); err != nil {",
				"	if err := m.Client.Create(ctx, secret); err != nil && apierrors.ReasonForError(err) != metav1.StatusReasonUnknown {",
			},
		},
		Tries: []Try{{Plans: "crash/create-minimal/drop-after/create secrets"}}, Oracles: []string{"D6"},
	},
	{
		Name: "conflict-counts", Stands: "crossplane 450, KCC PR 8533: what exists under the name is taken for one's own",
		Edits: []Edit{
			{sets, "	corev1 \"k8s.io/api/core/v1\"\n", "	corev1 \"k8s.io/api/core/v1\"\n" + importErrors + "\n"},
			{
				sets, "	if err := m.Client.Create(ctx, secret); err != nil {",
				"	if err := m.Client.Create(ctx, secret); err != nil && !apierrors.IsConflict(err) {",
			},
		},
		Tries: []Try{{Plans: "crash/create-minimal/409/create secrets"}}, Oracles: []string{"D6"},
	},
	{
		Name: "burnt-credentials-stay", Stands: "Sieve, leaks (7 of 46): what a failed attempt left is never swept",
		Edits: []Edit{{passFile, "	for i := range plan.Sets {\n		set := &plan.Sets[i]", "	for i := range plan.Sets[:0] {\n		set := &plan.Sets[i]"}},
		Tries: []Try{{Plans: "crash/create-minimal/500/create secrets"}}, Oracles: []string{"D6"},
	},
	{
		Name: "anchor-after-the-objects", Stands: "Sieve, intermediate state (11 of 46): the record is written after what it records",
		Edits: []Edit{
			{passFile, "		if object, err = store.Create(ctx, plan.Service.Namespace, plan.Anchor); err != nil {\n			return nil, err\n		}\n" +
				"		written, plan.Object = plan.Anchor.Clone(), object\n		r.anchorWritten(owner, object)\n", "		written = plan.Anchor.Clone()\n"},
			{passFile, "	if plan.Object, err = store.Update(ctx, object, next); err != nil {", "	if object == nil {\n		return next, nil\n	}\n" +
				"	if plan.Object, err = store.Update(ctx, object, next); err != nil {"},
			{passFile, "		if a.Names(set.Name) || !set", "		if plan.Object == nil || a.Names(set.Name) || !set"},
			{passFile, "	if err := r.Applier.GrowClaims(ctx, owner, output); err != nil {", `	if pass.Plan.Object == nil {
		store := &anchor.Store{Client: r.Client, Live: r.Live}
		if pass.Plan.Object, err = store.Create(ctx, pass.Plan.Service.Namespace, recorded); err != nil {
			return err
		}
		r.anchorWritten(owner, pass.Plan.Object)
	}
	if err := r.Applier.GrowClaims(ctx, owner, output); err != nil {`},
		},
		Tries: []Try{{Plans: "crash/create-minimal/kill-before/create configmaps OWN/shop-main-database-anchor"}}, Oracles: []string{"O7"},
	},
	{
		Name: "absence-believed-of-a-stale-view", Stands: "ECK 5274, K8SSAND-559, k8s 129795: a cache that lacks an object is believed",
		Edits: []Edit{{passFile, "		err := r.Live.Get(ctx, record, &corev1.ConfigMap{})", "		err := r.Client.Get(ctx, record, &corev1.ConfigMap{})"}},
		Tries: []Try{{Plans: "stale/create-minimal/drop/configmaps", Sample: 30}}, Oracles: []string{"O7"},
	},
	{
		Name: "login-of-a-departed-stack-stays", Stands: "Sieve, security (6 of 46): who leaves keeps the login",
		Edits: []Edit{{
			"controllers/resolve/service.go",
			"			recorded.Departed, recorded.Previous, recorded.Rotation = true, nil, \"\"",
			"			recorded.Previous, recorded.Rotation = nil, \"\"",
		}},
		Tries: []Try{{Plans: "crash/unshare/kill-before"}}, Oracles: []string{"D6"},
	},
	{
		Name: "login-taken-back-early", Stands: "the old password ends before everybody has the new one",
		Edits: []Edit{{
			"controllers/rotation.go", "	return len(before.Items) == 0 && !rolling && !running, nil",
			"	_, _ = rolling, running\n	return true, nil",
		}},
		Tries: []Try{{Plans: "crash/rotate-stuck/kill-before"}}, Oracles: []string{"O7"},
	},
	{
		Name: "secret-read", Stands: "six of the seven operators of the comparison read every Secret; CVE-2025-29781, CVE-2026-39961",
		Edits: []Edit{
			{passFile, "	corev1 \"k8s.io/api/core/v1\"\n", "	corev1 \"k8s.io/api/core/v1\"\n" + importErrors + "\n"},
			{passFile, "	seen := keys(plan.Sets)\n", `	for _, set := range plan.Anchor.Sets() {
		key := client.ObjectKey{Namespace: plan.Service.Namespace, Name: set.Secret}
		if err := r.Live.Get(ctx, key, &corev1.Secret{}); apierrors.IsNotFound(err) {
			plan.Anchor.Drop(set.ConfigMap)
		}
	}
	seen := keys(plan.Sets)
`},
		},
		Tries: []Try{{Plans: "crash/create-minimal/409/create secrets"}}, Oracles: []string{"O10"},
	},
	{
		Name: "record-in-another-namespace", Stands: "Breaking the Bulkhead (14 % of operators): objects land outside of the tenant's namespace",
		Edits: []Edit{{
			"controllers/credentials/generated.go",
			"		ObjectMeta: identity.Meta(stack.Namespace, recordName(name)),", "		ObjectMeta: identity.Meta(metav1.NamespaceDefault, recordName(name)),",
		}},
		Tries: []Try{{Plans: "crash/create-full/409/create secrets OWN/shop-keys"}}, Oracles: []string{"O9"},
	},
}
