package main

// tenantBugs let a tenant reach what is not his.
var tenantBugs = []Bug{
	{
		Name: "selector-with-a-key-less", Stands: "CVE-2024-39690, CVE-2025-55205 (Capsule): labels of one's own lead to pods of others",
		Edits: []Edit{{
			labelsFile, "	return map[string]string{LabelName: i.Name, LabelInstance: i.Instance, LabelComponent: i.Component}",
			"	return map[string]string{LabelName: i.Name, LabelInstance: i.Instance}",
		}},
		Tries: []Try{{Plans: "tenant/labels/selector-of-instance"}}, Oracles: []string{Expected},
	},
	{
		Name: "labels-copied-to-children", Stands: "Altinity 1272, RH infra-deployments 4132: GitOps tools pruned claims",
		Edits: []Edit{{
			"controllers/desired/desired.go",
			"	labels := map[string]string{LabelOwnerKind: owner.GVK.Kind, LabelOwnerName: owner.Object.GetName()}",
			"	labels := map[string]string{LabelOwnerKind: owner.GVK.Kind, LabelOwnerName: owner.Object.GetName()}\n" +
				"	if owner.GVK.Kind == \"BackendStack\" {\n		labels = kit.With(owner.Object.GetLabels(), labels)\n	}",
		}},
		Tries: []Try{{Plans: "tenant/labels/argocd"}}, Oracles: []string{Expected},
	},
	{
		Name: "grant-not-read-to-its-end", Stands: "CVE-2025-68476, then CVE-2026-77524 (KEDA): a reference reaches further than was granted",
		Edits: []Edit{{"controllers/resolve/consumers.go", "		if matches && g.covers(entry) {", "		if matches {"}},
		Tries: []Try{{Plans: "tenant/deputy/ref-another-database-than-granted"}}, Oracles: []string{Expected, "O1"},
	},
	{
		Name: "anchor-believed-unchecked", Stands: "CVE-2026-22039, CVE-2026-41068 (Kyverno): what a tenant wrote is believed",
		Edits: []Edit{{
			"controllers/anchor/anchor.go",
			"	if err := result.check(); err != nil {\n		return nil, invalid(object, \"%v\", err)\n	}\n", "",
		}},
		Tries: []Try{{Plans: "tenant/deputy/anchor-secret-of-others"}}, Oracles: []string{Expected, "O1"},
	},
}
