package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

const anchorName = "store-database-anchor"

var store = service("StackDatabase", "{engine: PostgreSQL}")

// forged is the anchor of a database that is yet to be made, as an editor of ConfigMaps writes it.
func forged(fields string) string {
	return forgedText(`{"kind":"StackDatabase","name":"store","engine":"PostgreSQL","provider":"Builtin","version":"17","tls":"Required"` + fields + `}`)
}

func forgedText(content string) string {
	text, _ := json.Marshal(map[string]any{ // plain values have an encoding
		"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]string{"anchor.json": content},
		"metadata": map[string]any{"name": anchorName, "labels": map[string]string{
			"app.kubernetes.io/managed-by": "stackwright", "app.kubernetes.io/instance": "store", "stackwright.dev/anchor": "StackDatabase",
		}},
	})
	return string(text)
}

// send by an editor of an object as JSON.
func edit(body string) Step {
	return Step{By: Editor, Method: http.MethodPost, Kind: "ConfigMap", Type: typeJSON, Body: body}
}

// anchors are written by an editor of ConfigMaps in the own namespace.
func anchors() []Attack {
	before := func(name, expect, reason, says, content string) Attack {
		return Attack{
			Name: name, Expect: expect, Steps: []Step{edit(content), create(store)}, Check: noServer,
			Shows: []Shown{{"StackDatabase", "store", reason, []string{says}}},
		}
	}
	const unbelieved = "AnchorInvalid that says why; no server is made from it"
	const set = `{"version":1,"configMap":"store-x-v1-abcde","secret":"store-x-v1-abcde","facts":"x","createdAt":"2026-01-01T00:00:00Z"`
	consumer := func(fields string) string {
		return `,"consumers":[{"namespace":"NEIGHBOUR","stack":"shop","entry":"main","access":"Owner",` + fields + `}]`
	}
	remote := `"set":` + set + `,"remoteConfigMap":"shop-main-binding-v1-abcde","binding":"shop-main-binding-v1-abcde"}`
	attacks := []Attack{
		before("anchor-secret-of-others", unbelieved, v1alpha1.ReasonAnchorInvalid, "bank", forged(`,"admin":{"version":1,"configMap":"bank","secret":"bank","facts":"","createdAt":""}`)),
		before("anchor-secret-goes-up", unbelieved, v1alpha1.ReasonAnchorInvalid, "store-../", forged(`,"admin":{"version":1,"configMap":"store-../NEIGHBOUR/bank","secret":"store-../NEIGHBOUR/bank","facts":"","createdAt":""}`)),
		before("anchor-binding-of-others", unbelieved, v1alpha1.ReasonAnchorInvalid, "bank", forged(consumer(`"set":`+set+`,"remoteConfigMap":"bank","binding":"bank"}`))),
		before("anchor-login-is-text", unbelieved, v1alpha1.ReasonAnchorInvalid, "login", forged(consumer(`"login":"x\"; DROP ROLE postgres; --",`+remote))),
		before("anchor-login-is-superuser", "AnchorInvalid that names the login; no Job runs with it", v1alpha1.ReasonAnchorInvalid, `"postgres"`, forged(consumer(`"login":"postgres","departed":true,`+remote))),
		before("anchor-version-without-end", unbelieved, v1alpha1.ReasonAnchorInvalid, "version", forged(`,"admin":{"version":2147483648,"configMap":"store-a-v1-abcde","secret":"store-a-v1-abcde","facts":"","createdAt":""}`)),
		before("anchor-engine-version", "VersionNotInCatalog: only images of the catalog run", v1alpha1.ReasonVersionNotInCatalog, "99", strings.Replace(forged(""), `\"17\"`, `\"99\"`, 1)),
		before("anchor-provider", "ProviderMissing: only what is built in serves", v1alpha1.ReasonProviderMissing, "Evil", strings.Replace(forged(""), "Builtin", "Evil", 1)),
		before("anchor-engine", "NameConflict: the name kept other data", v1alpha1.ReasonNameConflict, "MySQL", strings.Replace(forged(""), "PostgreSQL", "MySQL", 1)),
		before("anchor-of-another-service", unbelieved, v1alpha1.ReasonAnchorInvalid, "ledger", strings.Replace(forged(""), `\"store\"`, `\"ledger\"`, 1)),
		before("anchor-authority-is-text", unbelieved, v1alpha1.ReasonAnchorInvalid, "certificate", forged(`,"certificate":{"version":1,"configMap":"store-tls-v1-abcde","secret":"store-tls-v1-abcde","facts":"","createdAt":"","ca":"ssl_ca_file = /etc/passwd"}`)),
		before("anchor-unknown-field", unbelieved, v1alpha1.ReasonAnchorInvalid, "superuser", forged(`,"superuser":true`)),
		before("anchor-broken", unbelieved, v1alpha1.ReasonAnchorInvalid, anchorName, forgedText(`{"kind":"StackDatabase",`)),
		before("anchor-with-more-behind", unbelieved, v1alpha1.ReasonAnchorInvalid, "more behind", forgedText(`{"kind":"StackDatabase","name":"store","engine":"PostgreSQL","provider":"Builtin","version":"17","tls":"Required"} {}`)),
		before("anchor-huge", unbelieved, v1alpha1.ReasonAnchorInvalid, "larger than", forgedText(strings.Repeat(" ", 1000<<10))),
		before("anchor-deep", unbelieved, v1alpha1.ReasonAnchorInvalid, anchorName, forged(`,"keys":`+strings.Repeat("[", 200000))),
		{
			Name: "anchor-consumer-of-neighbour", Expect: "the database runs; a consumer whose stack does not ask has left, and nothing of his namespace is written",
			Steps: []Step{edit(forged(consumer(`"login":"s_x_0123abcd_a","database":"shop_0123abcd",` + remote))), create(store)},
			Shows: []Shown{{"StackDatabase", "store", v1alpha1.ReasonReady, nil}},
		},
		tampered("anchor-loses-labels", "the database stays Ready, and the anchor gets its labels back", func(object *corev1.ConfigMap) { object.Labels = nil },
			Shown{"StackDatabase", "store", v1alpha1.ReasonReady, nil}),
		tampered("anchor-image", "the image is the catalog's; the server is not touched", func(object *corev1.ConfigMap) {
			object.Data["anchor.json"] = strings.Replace(object.Data["anchor.json"], "docker.io/library/postgres:17", "evil.example.com/postgres:17", 1)
		}, Shown{"StackDatabase", "store", v1alpha1.ReasonReady, nil}),
		tampered("anchor-emptied", "AnchorInvalid; the server is not touched", func(object *corev1.ConfigMap) { object.Data = nil },
			Shown{"StackDatabase", "store", v1alpha1.ReasonAnchorInvalid, []string{anchorName}}),
		lastVersion(),
	}
	return classed(ConfusedDeputy, attacks...)
}

// tampered changes the anchor of a database that runs.
func tampered(name, expect string, change func(*corev1.ConfigMap), shown Shown) Attack {
	return Attack{
		Name: name, Expect: expect, Given: store, Ready: true, Shows: []Shown{shown}, Keeps: []string{"StatefulSet/store", "Service/store"},
		Act: func(ctx context.Context, s *scene) error {
			return rig.Edit(ctx, s.World, anchorName, &corev1.ConfigMap{}, change)
		},
	}
}

// noServer says whether a server or a Job was made.
func noServer(ctx context.Context, s *scene) error {
	return each(ctx, s.Client, s.Own, func(kind string, object client.Object) error {
		if kind == "StatefulSet" || kind == "Job" || kind == "Pod" {
			return fmt.Errorf("%s %s was made", kind, object.GetName())
		}
		return nil
	})
}

// lastVersion uses up the numbers of a shared database's credentials: the record of a set in the consumer's namespace has the last.
func lastVersion() Attack {
	given := `
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: orders, namespace: OTHER}
spec:
  engine: PostgreSQL
  allowedConsumers:
  - {namespaces: {from: All}, databases: [orders]}
---
` + sharing("{namespace: OTHER, name: orders, database: orders}")
	return Attack{
		Name: "credential-versions-used-up", CVE: cveTraversal, Given: given, Ready: true, Leaves: []rig.Leave{rig.ReplaceCredentials},
		Expect: "whoever forges gets no further credential or the next one; the database of others stays Ready and serves the next stack",
		Act:    useUpVersions,
		Shows:  []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}},
	}
}

func useUpVersions(ctx context.Context, s *scene) error {
	sets := &corev1.ConfigMapList{}
	if err := s.Client.List(ctx, sets, client.InNamespace(s.Own), client.HasLabels{anchor.LabelSet}); err != nil {
		return err
	}
	if len(sets.Items) != 1 {
		return fmt.Errorf("%d sets of credentials", len(sets.Items))
	}
	for _, version := range []string{"1073741824", "1073741823"} {
		real := &sets.Items[0]
		fake := &corev1.ConfigMap{}
		fake.Namespace, fake.Name = s.Own, "shop-main-binding-v"+version+"-aaaaa"
		fake.Labels, fake.Annotations = real.Labels, real.Annotations
		fake.Finalizers = []string{"evil.example.com/never"} // it stays although the operator sweeps it
		if err := s.Client.Create(ctx, fake); err != nil {
			return err
		}
	}
	if err := s.Client.Delete(ctx, &sets.Items[0]); err != nil { // its Secret goes along, and the next version is made
		return err
	}
	late := strings.Replace(sharing("{name: orders, database: orders}"), "name: shop", "name: late, namespace: OTHER", 1)
	return errors.Join(s.Apply(ctx, late), s.Converged(ctx))
}
