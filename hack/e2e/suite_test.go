// Package e2e tests Stackwright as its users meet it: real pods, real clients, and the operator under its own identity.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// suite is what all tests share.
var suite *harness.Suite

// parallelTests run at once where -parallel does not say: they mostly wait.
const parallelTests = "4"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if why := harness.Refusal(); why != "" {
		fmt.Println("SKIP:", why)
		if os.Getenv("CI") == "true" {
			return 1
		}
		return 0
	}
	given := map[string]string{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = f.Value.String() })
	if given["test.parallel"] == "" {
		_ = flag.Set("test.parallel", parallelTests)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	var err error
	if suite, err = harness.Start(ctx); err != nil {
		fmt.Println("FAIL:", err)
		return 1
	}
	defer suite.Operator.Kill()
	begin, ended := time.Now(), make(chan struct{})
	go func() { // an interrupted run leaves no operator behind; the next run removes its namespaces
		select {
		case <-ended:
		case <-ctx.Done():
			suite.Operator.Kill()
			os.Exit(1)
		}
	}()
	code := m.Run()
	close(ended)
	harness.Say("the tests took %s", time.Since(begin).Round(time.Second))
	complete := given["test.run"] == "" && given["test.skip"] == "" && code == 0
	if problems := suite.CheckAuthority(complete); len(problems) > 0 {
		fmt.Printf("FAIL: authority of the operator\n    %s\n", strings.Join(problems, "\n    "))
		return 1
	}
	return code
}

// app is the small web server of package harness as part of a component.
const app = `image: "stackwright.test/nodejs:20", command: [node, /srv/server.js], port: 8080, healthPath: /healthz, size: Nano,
    volumes: [{name: srv, configMap: {name: server}}], volumeMounts: [{name: srv, mountPath: /srv}]`

// idle is a pod that does nothing as part of a component.
const idle = `type: Worker, image: "stackwright.test/nodejs:20", command: [sleep, infinity], size: Nano`

// Deadlines are what a machine with other work may need; an idle one with two cores needs a tenth.
const (
	soon  = 3 * time.Minute // for what needs no new database
	later = 6 * time.Minute // for what does
)

// stack is the manifest of a BackendStack.
func stack(name, spec string) string {
	return "apiVersion: stackwright.dev/v1alpha1\nkind: BackendStack\nmetadata: {name: " + name + "}\nspec:\n" + spec
}
