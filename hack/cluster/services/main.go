// Command services does for a cluster what a cloud would: it makes directories
// for claims of volumes and gives Services of type LoadBalancer an address. With
// --simulate-pods it also plays a node that runs no containers.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// settings are the flags.
type settings struct {
	kubeconfig    string
	node          string
	volumes       string
	loadBalancers netip.Prefix
	pods          netip.Prefix
	listen        string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "services: "+err.Error())
		os.Exit(1)
	}
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("services", flag.ContinueOnError)
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "file that says how to reach the API server")
	flags.StringVar(&s.node, "node", "", "name of the cluster's node")
	flags.StringVar(&s.volumes, "volumes", "", "folder below which volumes are directories")
	flags.TextVar(&s.loadBalancers, "load-balancers", netip.Prefix{}, "range of the addresses of load balancers")
	flags.TextVar(&s.pods, "simulate-pods", netip.Prefix{}, "pretend to run pods, with addresses of this range")
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8090", "address of the health check")
	return s, flags.Parse(args)
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 10*time.Minute)
	if err := watchBalancers(ctx, client, factory, s.loadBalancers); err != nil {
		return err
	}
	if err := watchExpansions(ctx, client, factory); err != nil {
		return err
	}
	if s.pods.IsValid() {
		if err := simulate(ctx, client, factory, s); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	go newProvisioner(ctx, client, s).Run(ctx)
	return serveHealth(ctx, s.listen)
}

// serveHealth answers /healthz until ctx ends.
func serveHealth(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.ListenAndServe(); ctx.Err() == nil {
		return err
	}
	return nil
}

// onChange calls handle with each object of type T that is new or changed, and
// again whenever all are listed anew. An error is logged; the next change or
// listing tries again, at the latest after the retry pause.
func onChange[T any](ctx context.Context, informer cache.SharedInformer, handle func(ctx context.Context, object T) error) error {
	do := func(object any) {
		typed, ok := object.(T)
		if !ok {
			return
		}
		if err := handle(ctx, typed); err != nil && ctx.Err() == nil {
			klog.ErrorS(err, "will try again")
			time.AfterFunc(retryPause, func() { tryAgain(ctx, typed, handle) })
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    do,
		UpdateFunc: func(_, object any) { do(object) },
	})
	return err
}

const retryPause = time.Second

func tryAgain[T any](ctx context.Context, object T, handle func(ctx context.Context, object T) error) {
	if ctx.Err() != nil {
		return
	}
	if err := handle(ctx, object); err != nil {
		klog.ErrorS(err, "gave up until the object changes")
	}
}
