package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// defaultName is the cluster that commands without --name work on.
const defaultName = "stackwright"

var auditLevels = []string{"None", "Metadata", "Request", "RequestResponse"}

// newFlags is the flag set of a verb with the flag that all verbs have.
func newFlags(verb, arguments string) (*flag.FlagSet, *string) {
	flags := flag.NewFlagSet(verb, flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "Usage: %s %s [flags] %s\n", calledAs(), verb, arguments)
		flags.PrintDefaults()
	}
	name := flags.String("name", defaultName, "name of the cluster")
	return flags, name
}

// upOptions are the flags of "up". Those that were not given stay nil.
type upOptions struct {
	name          string
	node          *string
	auditLevel    *string
	apiServerArgs *[]string
}

func parseUp(args []string) (upOptions, error) {
	flags, name := newFlags("up", "")
	node := flags.String("node", defaultNode(), "what runs pods: real (kubelet and containerd, needs root on Linux) or simulated")
	bare := flags.Bool("control-plane-only", false, "start etcd, the API server, the controller manager and the scheduler, and no node")
	audit := flags.String("audit-level", "Metadata", "what the audit log holds of each request: "+strings.Join(auditLevels, ", "))
	var extra listFlag
	flags.Var(&extra, "apiserver-arg", "one more argument for kube-apiserver; may be given several times")
	if err := flags.Parse(args); err != nil {
		return upOptions{}, err
	}
	if flags.NArg() > 0 {
		return upOptions{}, fmt.Errorf("up takes no argument %q", flags.Arg(0))
	}
	options := upOptions{name: *name}
	flags.Visit(func(given *flag.Flag) {
		switch given.Name {
		case "node":
			options.node = node
		case "audit-level":
			options.auditLevel = audit
		case "apiserver-arg":
			options.apiServerArgs = (*[]string)(&extra)
		}
	})
	if *bare {
		none := nodeNone
		options.node = &none
	}
	return options, options.check()
}

func (o upOptions) check() error {
	if o.node != nil && !slices.Contains([]string{nodeReal, nodeSimulated, nodeNone}, *o.node) {
		return fmt.Errorf("--node is %q: it must be %s or %s", *o.node, nodeReal, nodeSimulated)
	}
	if o.node != nil && *o.node == nodeReal && defaultNode() != nodeReal {
		return fmt.Errorf("a real node needs root on Linux: become root, or use --node %s", nodeSimulated)
	}
	if o.auditLevel != nil && !slices.Contains(auditLevels, *o.auditLevel) {
		return fmt.Errorf("--audit-level is %q: it must be one of %s", *o.auditLevel, strings.Join(auditLevels, ", "))
	}
	return nil
}

// applyTo changes the settings by what was given. It fails when that would turn
// a cluster that exists into one with another kind of node.
func (o upOptions) applyTo(c *Cluster, existed bool) error {
	if !existed {
		c.Settings = Settings{Node: defaultNode(), AuditLevel: "Metadata"}
	}
	if o.node != nil && existed && *o.node != c.Settings.Node {
		return fmt.Errorf("cluster %s has node kind %q and cannot become %q: run \"%s down --name %s\" first",
			c.Name, c.Settings.Node, *o.node, calledAs(), c.Name)
	}
	if o.node != nil {
		c.Settings.Node = *o.node
	}
	if o.auditLevel != nil {
		c.Settings.AuditLevel = *o.auditLevel
	}
	if o.apiServerArgs != nil {
		c.Settings.APIServerArgs = *o.apiServerArgs
	}
	return nil
}

// defaultNode is the kind of node that this user can have on this system.
func defaultNode() string {
	if runtime.GOOS == "linux" && os.Geteuid() == 0 {
		return nodeReal
	}
	return nodeSimulated
}

// listFlag collects the values of a flag that is given several times.
type listFlag []string

func (l *listFlag) String() string { return strings.Join(*l, " ") }

// Set adds one value; an empty value adds none, which clears a kept list.
func (l *listFlag) Set(value string) error {
	if value != "" {
		*l = append(*l, value)
	}
	return nil
}
