package main

const conditionsFile = "controllers/status/conditions.go"

// statusBugs say what is not so, or say it without end.
var statusBugs = []Bug{
	{
		Name: "wake-up-forgotten", Stands: "Sieve, unobserved state (7 of 46): nobody is told of what was waited for",
		Edits: []Edit{{
			"controllers/setup.go", "		b = b.Watches(resolve.NewDataService(kind), enqueue(priorityChild, consumersOf(manager.GetClient())))\n",
			"		_ = kind\n",
		}},
		Tries: []Try{{Plans: "crash/create-minimal/kill-before"}}, Oracles: []string{"O1"},
	},
	{
		Name: "status-in-every-pass", Stands: "O2: a status with a time in it wakes its own controller for ever",
		Edits: []Edit{
			{
				conditionsFile, "		Type: kind, Status: state, Reason: reason, Message: bounded(message),",
				"		Type: kind, Status: state, Reason: reason, Message: bounded(message + \" as of \" + c.now.Format(time.RFC3339Nano)),",
			},
			{
				"controllers/setup.go", "		Watches(object, enqueue(prioritySpec, itself), builder.WithPredicates(specChanged)).",
				"		Watches(object, enqueue(prioritySpec, itself)).",
			},
		},
		Tries: []Try{{Plans: "crash/scale-up/kill-before"}}, Oracles: []string{"O1"},
	},
	{
		Name: "ready-before-observed", Stands: "NSDI'26, state observability: the status of the generation before is taken for that of this one",
		Edits: []Edit{{
			"controllers/observe/observe.go",
			"	return s.ObservedGeneration == d.Generation && s.UpdatedReplicas == wanted && s.Replicas == wanted && s.AvailableReplicas == wanted",
			"	return s.UpdatedReplicas == wanted && s.Replicas == wanted && s.AvailableReplicas == wanted",
		}},
		Tries: []Try{{Plans: "crash/slow-rollout/kill-before"}}, Oracles: []string{"O13"},
	},
	{
		Name: "waiting-is-success", Stands: "NSDI'26, state observability: what waits is called Ready",
		Edits: []Edit{{
			conditionsFile,
			"		return notReady(waiting.Reason, waiting.Message)", "		return ready(waiting.Message)",
		}},
		Tries: []Try{{Plans: "tenant/deputy/ref-another-database-than-granted"}}, Oracles: []string{Expected, "O1"},
	},
}
