package main

const labelsFile = "controllers/kit/labels.go"

// upgradeBugs let the version of the operator into what runs.
var upgradeBugs = []Bug{
	{
		Name: "version-in-the-pod-template", Stands: "ECK 5305 (80 nodes, over 40 h), CNPG 5950, 7727, Altinity 1042: an upgrade restarts everything",
		Edits: []Edit{
			{labelsFile, "	labels[LabelManagedBy] = ManagedBy\n", "	labels[LabelManagedBy] = ManagedBy\n	labels[\"app.kubernetes.io/version\"] = \"99\"\n"},
			{"controllers/kit/annotations.go", "	annotations[AnnotationInputs] = Hash(inputs...)", "	annotations[AnnotationInputs] = Hash(append(inputs, \"99\")...)"},
		},
		Tries: []Try{{Plans: "upgrade/RELEASED/shop"}}, Oracles: []string{"O11"},
	},
	{
		Name: "version-in-the-selector", Stands: "grafana-agent PR 3948, scylla PR 1655, garage PR 230: an immutable selector changes",
		Edits: []Edit{{
			labelsFile, "	return map[string]string{LabelName: i.Name, LabelInstance: i.Instance, LabelComponent: i.Component}",
			"	return map[string]string{LabelName: i.Name, LabelInstance: i.Instance, LabelComponent: i.Component, \"app.kubernetes.io/version\": \"99\"}",
		}},
		Tries: []Try{{Plans: "upgrade/RELEASED/shop"}}, Oracles: []string{"O1", "O11"},
	},
}
