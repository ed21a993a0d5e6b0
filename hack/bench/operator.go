package main

import (
	"flag"
	"net/http"
	_ "net/http/pprof" // the profiles of the operator in this process
	"os"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/stackwright/stackwright/controllers"
)

// operatorCommand makes this program an operator whose profiles can be read at the address in debugVariable.
const (
	operatorCommand = "operator"
	debugVariable   = "STACKWRIGHT_BENCH_DEBUG"
)

// runOperator runs the controllers with the settings of the real main.
func runOperator(args []string) error {
	flags := flag.NewFlagSet(operatorCommand, flag.ExitOnError)
	address := flags.String("metrics-bind-address", "", "")
	_ = flags.String("health-probe-bind-address", "", "")
	resync := flags.Duration("sync-period", 10*time.Hour, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	go func() { _ = http.ListenAndServe(os.Getenv(debugVariable), nil) }()
	restConfig, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	restConfig.QPS = -1
	yes := true
	manager, err := ctrl.NewManager(restConfig, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(resync), Metrics: metricsserver.Options{BindAddress: *address},
		Controller: config.Controller{CacheSyncTimeout: 10 * time.Minute, RecoverPanic: &yes, EnableWarmup: &yes},
	})
	if err != nil {
		return err
	}
	ctx := ctrl.SetupSignalHandler()
	if err := controllers.Setup(ctx, manager, controllers.Options{}); err != nil {
		return err
	}
	return manager.Start(ctx)
}
