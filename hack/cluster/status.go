package main

import (
	"context"
	"fmt"
	"strings"
)

// statusCommand prints a line per process and one for the node. It fails with
// errNotUp, after saying so, unless all is well.
func statusCommand(ctx context.Context, folders Folders, args []string) error {
	flags, name := newFlags("status", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, known, err := openCluster(folders, *name)
	if err != nil {
		return err
	}
	if !known {
		fmt.Printf("There is no cluster %s: \"%s up --name %s\" makes it.\n", c.Name, calledAs(), c.Name)
		return errNotUp
	}
	well := c.printProcesses(ctx)
	if c.Settings.Node != nodeNone {
		well = c.printNode(ctx) && well
	}
	fmt.Printf("%-24s %s\n", "kubeconfig", c.kubeconfigPath())
	if !well {
		fmt.Printf("Not all is well: \"%s up --name %s\" starts what has ended; logs are in %s/logs.\n", calledAs(), c.Name, c.Dir)
		return errNotUp
	}
	return nil
}

func (c *Cluster) printProcesses(ctx context.Context) bool {
	well := true
	for _, stage := range c.stages() {
		for _, component := range stage {
			state := c.stateOf(ctx, component)
			well = well && strings.HasPrefix(state, "healthy")
			fmt.Printf("%-24s %s\n", component.Name, state)
		}
	}
	return well
}

func (c *Cluster) stateOf(ctx context.Context, p Component) string {
	record, err := readRecord(c.recordPath(p.Name))
	switch {
	case err != nil:
		return "never started"
	case !record.alive():
		return "ended, see " + c.logPath(p.Name)
	case !p.healthy(ctx):
		return fmt.Sprintf("runs as process %d but is not healthy, see %s", record.PID, c.logPath(p.Name))
	}
	return fmt.Sprintf("healthy, process %d", record.PID)
}

func (c *Cluster) printNode(ctx context.Context) bool {
	ready, note := c.nodeReady(ctx), ""
	if c.Settings.Node == nodeSimulated {
		note = " (simulated: no container runs)"
	}
	state := "not ready"
	if ready {
		state = "ready"
	}
	fmt.Printf("%-24s %s%s\n", "node "+c.nodeName(), state, note)
	return ready
}
