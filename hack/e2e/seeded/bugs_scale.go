package main

const replicasFile = "controllers/apply/replicas.go"

// scaleBugs get the number of pods wrong.
var scaleBugs = []Bug{
	{
		Name: "replicas-fight-the-autoscaler", Stands: "operators and autoscalers that set one field in turns; Kivi's class",
		Edits: []Edit{{
			"controllers/components/deployment.go",
			"	case w.scales():\n		return nil\n", "	case w.scales():\n		return kit.Ptr(w.MinReplicas)\n",
		}},
		Tries: []Try{{Plans: "crash/autoscaled-edit/kill-before"}}, Oracles: []string{"O3"},
	},
	{
		Name: "replicas-lost-on-handover", Stands: "an apply that leaves replicas out sets 1: the well-known trap of handing over to an autoscaler",
		Edits: []Edit{{replicasFile, "	spec[\"replicas\"] = int64(replicas)", "	_ = replicas"}},
		Tries: []Try{{Plans: "crash/autoscale-from-more/kill-before"}}, Oracles: []string{"O3"},
	},
	{
		Name: "replicas-lost-on-resume", Stands: "an autoscaler never leaves zero: a resumed stack stays down",
		Edits: []Edit{{replicasFile, "	if replicas == 0 {\n		replicas = minimum[live.GetName()]\n	}\n", ""}},
		Tries: []Try{{Plans: "crash/resume-autoscaled/kill-before"}}, Oracles: []string{"O1", "O3"},
	},
	{
		Name: "nil-field-dereferenced", Stands: "Acto, operator error (10 of 56): an optional field that is not there",
		Edits: []Edit{{"controllers/resolve/stack.go", "	result.Replicas = valueOr(spec.Replicas, floor)", "	result.Replicas = max(*spec.Replicas, floor)"}},
		Tries: []Try{{Plans: "crash/scale-up/kill-before"}}, Oracles: []string{"O6"},
	},
}
