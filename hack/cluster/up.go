package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// upCommand brings a cluster up: whatever already runs as it should is left
// alone, so it also repairs a cluster of which processes have ended.
func upCommand(ctx context.Context, folders Folders, args []string) error {
	options, err := parseUp(args)
	if err != nil {
		return err
	}
	begin := time.Now()
	c, _, err := openCluster(folders, options.name)
	if err != nil {
		return err
	}
	unlock, err := lockFile(ctx, c.lockPath(), "cluster "+c.Name)
	if err != nil {
		return err
	}
	defer unlock()
	// What another launcher did while this one waited counts.
	c, existed, err := openCluster(folders, options.name)
	if err != nil {
		return err
	}
	if err := c.prepare(ctx, options, existed); err != nil {
		return err
	}
	started, err := c.startAll(ctx)
	if err != nil {
		return fmt.Errorf("%w\ncluster %s is not up: \"%s up --name %s\" goes on from here, with \"down\" in place of \"up\" it is removed",
			err, c.Name, calledAs(), c.Name)
	}
	c.report(started, time.Since(begin))
	return nil
}

// lockPath is beside the cluster's folder, since "down" deletes that folder.
func (c *Cluster) lockPath() string {
	return filepath.Join(c.folders.State, "."+c.Name+".lock")
}

// prepare settles what the cluster is and gets what has to be there before its
// processes start: packages, programs, addresses, certificates, configuration.
func (c *Cluster) prepare(ctx context.Context, options upOptions, existed bool) error {
	if err := checkStateLength(c.Dir); err != nil {
		return err
	}
	if err := options.applyTo(c, existed); err != nil {
		return err
	}
	if c.real() {
		if err := ensurePackages(ctx); err != nil {
			return err
		}
	}
	programs, err := ensurePrograms(ctx, c.folders, c.Settings.Node)
	if err != nil {
		return err
	}
	c.Programs = programs
	if c.Slot, err = newSlots(c.folders).claim(ctx, c.Name, slotUsable(ctx)); err != nil {
		return err
	}
	if err := errors.Join(c.save(), c.ensurePKI()); err != nil {
		return err
	}
	if err := errors.Join(c.writeKubeconfigs(), c.writeAuditPolicy(), c.linkClients()); err != nil {
		return err
	}
	if !c.real() {
		return nil
	}
	return errors.Join(c.writeNodeConfig(), c.ensureCgroup(), c.ensureNetwork(ctx))
}

// stages lists the cluster's processes in the order they start. Those of one
// stage start together.
func (c *Cluster) stages() [][]Component {
	stages := [][]Component{{c.etcd()}, {c.apiServer()}}
	switch c.Settings.Node {
	case nodeReal:
		return append(stages,
			[]Component{c.controllerManager(), c.scheduler(), c.containerd()},
			[]Component{c.kubelet(), c.proxy(), c.dns(), c.metricsServer(), c.services()})
	case nodeSimulated:
		return append(stages, []Component{c.controllerManager(), c.scheduler(), c.services()})
	default:
		return append(stages, []Component{c.controllerManager(), c.scheduler()})
	}
}

// startAll starts what does not run, applies the manifests and waits for the
// node. It returns the names of what it started.
func (c *Cluster) startAll(ctx context.Context) ([]string, error) {
	var started []string
	for i, stage := range c.stages() {
		names, err := c.ensureStage(ctx, stage)
		started = append(started, names...)
		if err != nil {
			return started, err
		}
		if c.real() && i == 2 {
			if err := c.ensurePauseImage(ctx); err != nil {
				return started, err
			}
		}
	}
	switch c.Settings.Node {
	case nodeReal:
		if err := c.applyManifests(ctx, "storage.yaml", "addons.yaml"); err != nil {
			return started, err
		}
		return started, c.awaitNode(ctx)
	case nodeSimulated:
		if err := c.applyManifests(ctx, "storage.yaml"); err != nil {
			return started, err
		}
		return started, c.awaitNode(ctx)
	}
	return started, nil
}

// ensureStage brings up components together, and returns those that it started.
func (c *Cluster) ensureStage(ctx context.Context, stage []Component) ([]string, error) {
	var (
		group  sync.WaitGroup
		guard  sync.Mutex
		names  []string
		failed []error
	)
	for _, component := range stage {
		group.Go(func() {
			begin := time.Now()
			started, err := c.ensure(ctx, component)
			guard.Lock()
			defer guard.Unlock()
			if err != nil {
				failed = append(failed, err)
			} else if started {
				names = append(names, component.Name)
				say("started %s in %s", component.Name, rounded(time.Since(begin)))
			}
		})
	}
	group.Wait()
	return names, errors.Join(failed...)
}

// report says on standard output how to use the cluster.
func (c *Cluster) report(started []string, took time.Duration) {
	if len(started) == 0 {
		fmt.Printf("Cluster %s was up already.\n", c.Name)
	} else {
		fmt.Printf("Cluster %s is up after %s.\n", c.Name, rounded(took))
	}
	fmt.Printf("  kubeconfig: %s\n  audit log:  %s\n", c.kubeconfigPath(), c.auditLog())
	fmt.Printf("  next:       eval \"$(%s env --name %s)\" && kubectl get nodes\n", calledAs(), c.Name)
	switch c.Settings.Node {
	case nodeReal:
		fmt.Printf("  images:     %s load --name %s FILE.tar...\n", calledAs(), c.Name)
	case nodeSimulated:
		fmt.Println("  Pods on this cluster are SIMULATED: they turn Running and Ready, but no container runs.")
	default:
		fmt.Println("  This is a control plane only: pods stay Pending, there is no node.")
	}
}
