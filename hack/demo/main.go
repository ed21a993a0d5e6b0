// Command demo installs the operator, runs the sample shop and sends it a real order. README.md says how to use it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	settings, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	d := &demo{settings: settings, progress: &progress{out: os.Stdout, begin: time.Now()}}
	if d.root, err = findRoot(); err != nil {
		return err
	}
	return d.run(ctx)
}

// demo is one run of the program.
type demo struct {
	settings
	progress *progress
	// root is the checkout.
	root string
	// kubectl talks to the cluster once that is known.
	kubectl kubectl
}

func (d *demo) run(ctx context.Context) error {
	prepare := d.prepareLocal
	if d.context != "" {
		prepare = d.prepareExisting
	}
	image, err := prepare(ctx)
	if err != nil {
		return err
	}
	if err := d.install(ctx, image); err != nil {
		return err
	}
	if err := d.applyShop(ctx); err != nil {
		return err
	}
	shop, err := d.waitForReady(ctx)
	if err != nil {
		d.diagnose(ctx, shop)
		return err
	}
	if err := d.order(ctx, shop); err != nil {
		d.diagnose(ctx, shop)
		return err
	}
	return d.farewell(ctx, shop)
}

// farewell shows what stands in the cluster now, and where to go on.
func (d *demo) farewell(ctx context.Context, shop *stack) error {
	if !shop.onlyAddressMissing() { // a newer operator may have had something to do meanwhile
		_, err := d.kubectl.output(ctx, nil, "wait", "--for=condition=Ready", "backendstack/shop", "--namespace", d.namespace,
			"--timeout", rolloutTimeout)
		if err != nil {
			return err
		}
	}
	listing, err := d.kubectl.output(ctx, nil, "get", "stackwright", "--namespace", d.namespace)
	if err != nil {
		return err
	}
	fmt.Printf("\n$ kubectl get stackwright --namespace %s\n%s\n", d.namespace, listing)
	fmt.Println("Look next:")
	hints := d.hints(shop)
	width := 0
	for _, hint := range hints {
		width = max(width, len(hint.command))
	}
	for _, hint := range hints {
		fmt.Printf("  %-*s  # %s\n", width, hint.command, hint.purpose)
	}
	return nil
}

// hint is something to do next.
type hint struct{ command, purpose string }

func (d *demo) hints(shop *stack) []hint {
	hints := []hint{
		{"kubectl --namespace " + d.namespace + " get backendstack shop --output yaml", "what was asked for, and what is true"},
		{"kubectl --namespace " + d.namespace + " get all,networkpolicies,configmaps", "what was made of it"},
		{"hack/demo/shop.yaml, config/samples, docs/architecture.md", "how it is said, what else there is, how it works"},
	}
	if len(shop.Status.URLs) > 0 {
		hints = append(hints, hint{shop.Status.URLs[0], "the shop in a browser"})
	}
	if d.context == "" {
		enter := hint{fmt.Sprintf(`eval "$(hack/cluster/cluster.sh env --name %s)"`, d.cluster), "points kubectl at the cluster"}
		hints = append([]hint{enter}, append(hints, hint{"make cluster-down CLUSTER=" + d.cluster, "when you are done"})...)
	}
	return hints
}
