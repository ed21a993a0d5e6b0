package main

const (
	applyFile  = "controllers/apply/apply.go"
	writerFile = "controllers/apply/writer.go"
	ownerFile  = "controllers/apply/ownership.go"
)

// applyBugs write what they should not, or do not write what they should.
var applyBugs = []Bug{
	{
		Name: "error-swallowed", Stands: "ISSTA'24, NSDI'26, error handling: a failed write is taken for done",
		Edits: []Edit{{applyFile, `		return explain(it, err)
	}
	if written.GetResourceVersion() ==`, `		return nil
	}
	if written.GetResourceVersion() ==`}},
		Tries: []Try{{Plans: "crash/scale-up/500/patch deployments"}}, Oracles: []string{"O3"},
	},
	{
		Name: "removed-field-stays", Stands: "Acto, rollback (10 of 56): a field that is taken back stays",
		Edits: []Edit{{writerFile, "	if createdByUs(live) {", `	if createdByUs(live) && gvk.Kind == "" {`}},
		Tries: []Try{
			{Plans: "sweep/leaf/BackendStack/spec.components[].initContainers[].restartPolicy"},
			{Plans: "sweep/leaf/BackendStack/spec.components[].volumes[].emptyDir.medium"},
		},
		Oracles: []string{"O3", "O4"},
	},
	{
		Name: "autoscaler-left-behind", Stands: "Acto, differential (25 of 56): what is not declared any more goes on acting",
		Edits: []Edit{
			{"controllers/apply/prune.go", "	\"fmt\"\n", "	\"fmt\"\n	\"strings\"\n"},
			{
				"controllers/apply/prune.go", "		if !spared {",
				`		if !spared && !strings.HasPrefix(a.identify(object), "HorizontalPodAutoscaler/") {`,
			},
		},
		Tries: []Try{{Plans: "crash/autoscale-ended/kill-before"}}, Oracles: []string{"O3"},
	},
	{
		Name: "policy-never-narrowed", Stands: "Sieve, security (6 of 46): access that was taken back stays open",
		Edits: []Edit{{applyFile, `	liveContent, err := contentOf(live)
	if err != nil {
		return err
	}
	held :=`, `	if it.gvk.Kind == "NetworkPolicy" {
		return nil
	}
	liveContent, err := contentOf(live)
	if err != nil {
		return err
	}
	held :=`}},
		Tries: []Try{{Plans: "sweep/leaf/BackendStack/spec.components[].egress[].cidrs[]"}}, Oracles: []string{"O3", "O4", "O5"},
	},
	{
		Name: "adopted-by-name", Stands: "superset-operator PR 277, mcp-lifecycle 85: an object of somebody else is taken over",
		Edits: []Edit{{ownerFile, "	case controller == nil && ours:", "	case controller == nil:"}},
		Tries: []Try{{Plans: "tenant/names/squatted-service-shop-web"}}, Oracles: []string{Expected, "O1", "O9"},
	},
	{
		Name: "owner-ignored", Stands: "KCC PR 8533 (since 2022), crossplane 450: what another resource owns is overwritten",
		Edits: []Edit{{
			ownerFile, "	case controller != nil && controller.UID == owner.Object.GetUID():\n		return nil\n	case controller != nil && ours:",
			"	case controller != nil:\n		return nil\n	case controller != nil && ours:",
		}},
		Tries: []Try{{Plans: "tenant/names/components-collide"}}, Oracles: []string{Expected, "O1", "O9"},
	},
	{
		Name: "hot-loop-on-a-taken-name", Stands: "prometheus-operator PR 4504: a hot loop on what waiting cannot mend",
		Edits: []Edit{{applyFile, "const conflictRetry = 30 * time.Second", "const conflictRetry = 10 * time.Millisecond"}},
		Tries: []Try{{Plans: "tenant/names/squatted-service-shop-web"}}, Oracles: []string{"O1", "O2"},
	},
	{
		Name: "hot-loop-on-conflict", Stands: "operators that answer 409 by trying again at once; O2, no error loop",
		Edits: []Edit{{"controllers/dataservice_controller.go", `	pass := r.run(ctx, owner)
	if stale(pass.Err) {
		return ctrl.Result{RequeueAfter: time.Second}, nil`, `	pass := r.run(ctx, owner)
	if stale(pass.Err) {
		return ctrl.Result{RequeueAfter: time.Millisecond}, nil`}},
		Tries: []Try{{Plans: "stale/share/frozen/configmaps"}}, Oracles: []string{"O2"},
	},
}
