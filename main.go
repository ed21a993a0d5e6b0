// Stackwright is a Kubernetes operator for backend stacks.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"
	_ "time/tzdata" // schedules name time zones, and the image has no file of them

	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers"
	"github.com/stackwright/stackwright/controllers/fence"
)

// leaseDuration is how long a leader that says nothing is waited for.
const leaseDuration = 15 * time.Second

// collectAt is the growth of the heap, in percent, after which garbage is collected; the environment variable GOGC overrides it.
const collectAt = 50

// settings are the command-line flags.
type settings struct {
	metrics, probes string
	leaderElection  bool
	leaseNamespace  string
	resync          time.Duration
	controllers     controllers.Options
	logging         zap.Options
}

func main() {
	var s settings
	s.register(flag.CommandLine)
	flag.Parse()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt) // most of the heap are caches that stay: what is garbage beside them goes sooner
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&s.logging)))
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "stackwright:", err)
		os.Exit(1)
	}
}

func (s *settings) register(flags *flag.FlagSet) {
	flags.StringVar(&s.metrics, "metrics-bind-address", ":8080", "address of the metrics endpoint; 0 turns it off")
	flags.StringVar(&s.probes, "health-probe-bind-address", ":8081", "address of the health endpoints; 0 turns them off")
	flags.BoolVar(&s.leaderElection, "leader-elect", false, "run passes only while holding the lease, so that a second replica may wait")
	flags.StringVar(&s.leaseNamespace, "leader-election-namespace", "", "namespace of the lease; empty: the one of the operator's pod")
	flags.DurationVar(&s.resync, "sync-period", 10*time.Hour, "how often every resource is looked at again without an event")
	flags.IntVar(&s.controllers.Concurrency, "concurrency", 16, "passes at once per kind")
	flags.IntVar(&s.controllers.Writes, "writes-in-flight", 16, "requests at once that change something")
	flags.StringVar(&s.controllers.ClusterDomain, "cluster-domain", "cluster.local", "DNS domain of the cluster")
	s.logging.BindFlags(flags)
}

func run(s settings) error {
	restConfig, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	restConfig.QPS = -1 // the API server's own fairness decides
	if s.leaderElection {
		restConfig.Wrap(fence.New(leaseDuration).Wrap)
	}
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	mgr, err := ctrl.NewManager(restConfig, s.managerOptions(scheme))
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	ctx := ctrl.SetupSignalHandler()
	if err := controllers.Setup(ctx, mgr, s.controllers); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("alive", healthz.Ping); err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("started", healthz.Ping); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func (s *settings) managerOptions(scheme *runtime.Scheme) manager.Options {
	yes, lease := true, leaseDuration
	return manager.Options{
		Scheme: scheme,
		Cache:  controllers.CacheOptions(&s.resync),
		Metrics: metricsserver.Options{
			BindAddress: s.metrics, TLSOpts: []func(*tls.Config){func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 }},
		},
		HealthProbeBindAddress:        s.probes,
		LeaderElection:                s.leaderElection,
		LeaderElectionID:              "stackwright.dev",
		LeaderElectionNamespace:       s.leaseNamespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &lease,
		Controller: config.Controller{
			CacheSyncTimeout: 10 * time.Minute, RecoverPanic: &yes, EnableWarmup: &yes,
		},
	}
}
