// Command cluster starts and stops Kubernetes clusters on this machine, built
// from Go modules and Debian packages: no container registry, no downloads of
// binaries. README.md says how to use it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `Usage: %s COMMAND [flags]

Commands:
  up       build what is missing and start the cluster; starts what has stopped
  down     stop the cluster and delete its state
  status   say what runs; exits 1 when the cluster is not fully up
  load     import image archives (FILE.tar...) into the node
  assets   print a folder with etcd, kube-apiserver and kubectl for envtest
  env      print shell lines that point kubectl at the cluster

Run it with COMMAND -h for the flags of a command.
`

// command is one verb of the command line.
type command func(ctx context.Context, folders Folders, args []string) error

var commands = map[string]command{
	"up":     upCommand,
	"down":   downCommand,
	"status": statusCommand,
	"load":   loadCommand,
	"assets": assetsCommand,
	"env":    envCommand,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errNotUp):
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "cluster: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprintf(os.Stderr, usage, calledAs())
		return flag.ErrHelp
	}
	verb, ok := commands[args[0]]
	if !ok {
		fmt.Fprintf(os.Stderr, usage, calledAs())
		return fmt.Errorf("there is no command %q", args[0])
	}
	folders, err := findFolders()
	if err != nil {
		return err
	}
	return verb(ctx, folders, args[1:])
}
