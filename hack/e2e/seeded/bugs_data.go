package main

const (
	claimsFile = "controllers/apply/claims.go"
	finalFile  = "controllers/finalize.go"
)

// dataBugs delete data, or what keeps it.
var dataBugs = []Bug{
	{
		Name: "claims-deleted-on-suspend", Stands: "Zalando 2567, ECK 2328, 7891: claims go with a scale to zero",
		Edits: []Edit{{claimsFile, "		for i := range claims {\n", `		for i := range claims {
			if *set.Spec.Replicas == 0 {
				if err := a.Client.Delete(ctx, claims[i].DeepCopy()); err != nil {
					return err
				}
				continue
			}
`}},
		Tries: []Try{{Plans: "crash/suspend/409/patch stackdatabases/status"}}, Oracles: []string{"O7", "O10"},
	},
	{
		Name: "claims-go-with-scaling", Stands: "mariadb 1391, multigres PR 302: a retention policy that deletes",
		Edits: []Edit{{
			"controllers/kit/claims.go",
			"		WhenScaled:  appsv1.RetainPersistent", "		WhenScaled:  appsv1.DeletePersistent",
		}},
		Tries: []Try{{Plans: "crash/suspend/409/patch stackdatabases/status"}}, Oracles: []string{"O7"},
	},
	{
		Name: "claims-go-with-their-set", Stands: "CNPG 2237, prisma 30: claims go with the resource",
		Edits: []Edit{{
			"controllers/kit/claims.go",
			"		WhenDeleted: appsv1.RetainPersistent", "		WhenDeleted: appsv1.DeletePersistent",
		}},
		Tries: []Try{{Plans: "tenant/deletion/without-confirmation"}}, Oracles: []string{"O7"},
	},
	{
		Name: "wrong-confirmation-honoured", Stands: "Zalando PR 1069: a deletion is confirmed with the name, of that very object",
		Edits: []Edit{{
			finalFile, "	if object.GetAnnotations()[v1alpha1.AnnotationConfirmDeletion] != object.GetName() {",
			"	if object.GetAnnotations()[v1alpha1.AnnotationConfirmDeletion] == \"\" {",
		}},
		Tries: []Try{{Plans: "tenant/deletion/with-another-confirmation"}}, Oracles: []string{"O7"},
	},
	{
		Name: "databases-owned-by-their-stack", Stands: "Argo CD 9853, 12388, helm 11564: an owner reference takes the data along",
		Edits: []Edit{{
			"controllers/desired/desired.go",
			"	output.Retain(inlineServices(plan)...)", "	output.Objects = append(output.Objects, inlineServices(plan)...)",
		}},
		Tries: []Try{{Plans: "crash/delete-retain/kill-before"}}, Oracles: []string{"O7"},
	},
	{
		Name: "delete-without-uid", Stands: "k8s 65200, 88097, faros 143: the namesake of what was meant is deleted",
		Edits: []Edit{{"controllers/apply/writer.go", `	uid := object.GetUID()
	return client.IgnoreNotFound(w.client.Delete(ctx, object,
		client.Preconditions{UID: &uid, ResourceVersion: resourceVersion},`, `	return client.IgnoreNotFound(w.client.Delete(ctx, object,
		client.Preconditions{ResourceVersion: resourceVersion},`}},
		Tries: []Try{{Plans: "crash/component-removed/kill-before"}}, Oracles: []string{"O7"},
	},
	{
		Name: "set-recreated-with-its-pods", Stands: "prometheus-operator PR 4504, OT 488, grafana-agent PR 3948: an immutable field is changed by force",
		Edits: []Edit{
			{"controllers/apply/replicas.go", `[]string{"volumeClaimTemplates", "selector",`, `[]string{"selector",`},
			{
				"controllers/apply/apply.go", `	if apierrors.IsInvalid(err) && it.gvk.Kind == "PodDisruptionBudget" {`,
				`	if apierrors.IsInvalid(err) && (it.gvk.Kind == "PodDisruptionBudget" || it.gvk.Kind == "StatefulSet") {`,
			},
		},
		Tries: []Try{{Plans: "crash/storage-grow/kill-before"}}, Oracles: []string{"O7"},
	},
	{
		Name: "claims-compared-the-wrong-way", Stands: "Acto, undesired state (32 of 56): a size is accepted and has no effect",
		Edits: []Edit{{claimsFile, "	if wanted.Cmp(current) <= 0 {", "	if wanted.Cmp(current) >= 0 {"}},
		Tries: []Try{{Plans: "sweep/leaf/StackDatabase/spec.storage.size"}}, Oracles: []string{"O3", "O5"},
	},
	{
		Name: "finalizer-never-goes", Stands: "operator-sdk 762, 3625, OpenSearch 976: namespaces stuck in Terminating",
		Edits: []Edit{{finalFile, `		return true, ctrl.Result{}, err
	}
	return true, ctrl.Result{}, r.setFinalizer(ctx, owner, false)
`, `		return true, ctrl.Result{}, err
	}
	return true, ctrl.Result{}, nil
`}},
		Tries: []Try{{Plans: "crash/delete-confirmed/kill-before"}}, Oracles: []string{"O14"},
	},
}
