package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// payload is text that a shell, a template, a configuration file, a terminal and a log each read in a way of their own. It holds a
// word that is found wherever it leaks to.
const payload = "payload\"'; $(touch /tmp/x) `id` ${IFS} {{ .Values }} %s <!-- \\ # \u202e\u0007 \r\nloadmodule /tmp/x.so\n}"

// quoted is a text as YAML in one line reads it back.
func quoted(text string) string {
	result, _ := json.Marshal(text) // a text has an encoding
	return string(result)
}

// injections write text that something else could read as code.
func injections() []Attack {
	return classed(Injection, slices.Concat(carried(), patterned(), routed())...)
}

// carried are free texts: they arrive as they are in the typed field of a pod, and nowhere else.
func carried() []Attack {
	container := func(ctx context.Context, s *scene) (*corev1.Container, error) {
		deployment := &appsv1.Deployment{}
		err := s.get(ctx, "shop-web", deployment)
		if err != nil {
			return nil, err
		}
		return &deployment.Spec.Template.Spec.Containers[0], nil
	}
	attack := func(name, fields string, find func(*corev1.Container) bool) Attack {
		return Attack{
			Name: name, Expect: "accepted: the text is in its place of the pod, byte by byte, and in no ConfigMap, script or name",
			Steps: []Step{create(web("uses: []\n" + fields))}, Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}},
			Check: func(ctx context.Context, s *scene) error {
				c, err := container(ctx, s)
				if err == nil && !find(c) {
					err = fmt.Errorf("the text did not arrive as it was: %+v", c)
				}
				if err != nil {
					return err
				}
				return s.nowhere(ctx, "payload")
			},
		}
	}
	return []Attack{
		attack("env-value", "env: [{name: A, value: "+quoted(payload)+"}]", func(c *corev1.Container) bool {
			return slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == "A" && e.Value == payload })
		}),
		attack("env-value-nul", "env: [{name: A, value: "+quoted("payload\x00behind")+"}]", func(c *corev1.Container) bool {
			return slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == "A" && e.Value == "payload\x00behind" })
		}),
		attack("command", "command: [sh, -c, "+quoted(payload)+"]", func(c *corev1.Container) bool { return slices.Contains(c.Command, payload) }),
		attack("args", "args: ["+quoted(payload)+"]", func(c *corev1.Container) bool { return slices.Contains(c.Args, payload) }),
		attack("probe-command", "probes: {readiness: {exec: {command: ["+quoted(payload)+"]}}}", func(c *corev1.Container) bool {
			return c.ReadinessProbe.Exec != nil && slices.Contains(c.ReadinessProbe.Exec.Command, payload)
		}),
		attack("health-path", "healthPath: "+quoted("/payload?a=$(id)&b=';//%0a"), func(c *corev1.Container) bool {
			return c.ReadinessProbe.HTTPGet.Path == "/payload?a=$(id)&b=';//%0a"
		}),
		attack("sub-path", "volumes: [{name: t, emptyDir: {}}]\nvolumeMounts: [{name: t, mountPath: \"/payload $(x)\", subPath: \"a`b'c\"}]", func(c *corev1.Container) bool {
			return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/payload $(x)" && m.SubPath == "a`b'c" })
		}),
	}
}

// nowhere says whether a word of the tenant is in anything but the workloads that have to hold it.
func (s *scene) nowhere(ctx context.Context, word string) error {
	return each(ctx, s.Client, s.Own, func(kind string, object client.Object) error {
		if kind == "BackendStack" || kind == "Deployment" || kind == "Pod" {
			return nil
		}
		if text, _ := json.Marshal(object); strings.Contains(string(text), word) {
			return fmt.Errorf("%s %s holds text of the tenant: %s", kind, object.GetName(), text)
		}
		return nil
	})
}

// patterned are texts with a pattern: what does not match is refused with the field.
func patterned() []Attack {
	fields := []struct{ name, fields, says string }{
		{"env-name", "env: [{name: " + quoted("A\nB") + ", value: a}]", "env[0].name"},
		{"env-name-bash-function", "env: [{name: " + quoted("BASH_FUNC_x%%") + ", value: \"() { :; }; id\"}]", "env[0].name"},
		{"env-from-prefix", "envFrom: [{prefix: " + quoted("$(id)") + ", secretRef: {name: a}}]", "envFrom[0].prefix"},
		{"health-path-line", "healthPath: " + quoted("/a\nHost: bank"), "healthPath"},
		{"probe-path-line", "probes: {readiness: {httpGet: {path: " + quoted("/a b\r\nX: y") + "}}}", "path"},
		{"probe-header", "probes: {readiness: {httpGet: {path: /, httpHeaders: [{name: Host, value: bank}]}}}", "httpHeaders"},
		{"celery-app", "type: Worker\nruntime: Celery\ncelery: {app: " + quoted("a; id") + "}", "celery.app"},
		{"celery-queue", "type: Worker\nruntime: Celery\ncelery: {app: a, queues: [" + quoted("a --pidfile=/x") + "]}", "celery.queues"},
		{"component-name-direction", "ports: [{name: " + quoted("a\u202eb") + ", port: 9000}]", "ports[0].name"},
		{"route-hostname-code", "routes: [{name: a, hostnames: [" + quoted("shop.example.com; return 200") + "]}]", "hostnames[0]"},
		{"route-hostname-expression", "routes: [{name: a, hostnames: [" + quoted("~^.*$") + "]}]", "hostnames[0]"},
		{"route-hostname-variable", "routes: [{name: a, hostnames: [$host]}]", "hostnames[0]"},
		{"route-hostname-line", "routes: [{name: a, hostnames: [" + quoted("a.example.com\n}\nserver {") + "]}]", "hostnames[0]"},
		{"route-path-block", "routes: [{name: a, rules: [{name: a, path: " + quoted("/{}") + "}]}]", "path"},
		{"route-path-line", "routes: [{name: a, rules: [{name: a, path: " + quoted("/a\n}") + "}]}]", "path"},
		{"route-path-quote", "routes: [{name: a, rules: [{name: a, path: " + quoted(`/a"b`) + "}]}]", "path"},
		{"route-name", "routes: [{name: " + quoted("a/b") + "}]", "routes[0].name"},
		{"egress-host", "egress: [{hosts: [" + quoted("a.example.com, b") + "]}]", "hosts[0]"},
		{"egress-range", "egress: [{cidrs: [" + quoted("10.0.0.0/8\n") + "]}]", "cidrs"},
		{"env-key-line", "env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: " + quoted("a\nb") + "}}}]", "key"},
		{"file-key-goes-up", "volumes: [{name: t, secret: {secretName: a, items: [{key: ../../x, path: x}]}}]", "key"},
		{"image-lines", "initContainers: [{name: a, image: " + quoted("ghcr.io/acme/a\nimage: b") + "}]", "image"},
	}
	var attacks []Attack
	for _, f := range fields {
		attacks = append(attacks, Attack{Name: f.name, Expect: "refused with the field", Steps: []Step{create(web(f.fields), f.says)}})
	}
	specs := []struct{ name, spec, says string }{
		{"component-name", `components: [{name: "a\nb", image: a, port: 80}]`, "components[0].name"},
		{"secret-key", `secrets: [{name: a, generate: ["a=b\nc"]}]`, "generate[0]"},
		{"binding-type", `bindings: [{name: a, type: "a\nb", secretRef: {name: a}}]`, "bindings[0].type"},
		{"binding-key-goes-up", `bindings: [{name: a, type: a, secretRef: {name: a}, keys: {uri: ../../etc/passwd}}]`, "keys.uri"},
		{"binding-key-line", `bindings: [{name: a, type: a, secretRef: {name: a}, keys: {host: "a\nb"}}]`, "keys.host"},
		{"database-name", `databases: [{name: a, ref: {name: a, database: "x\"; DROP ROLE postgres; --"}}]`, "ref.database"},
		{"vhost", `queues: [{name: a, ref: {name: a, vhost: "/%2f"}}]`, "ref.vhost"},
		{"hostname-of-stack", `hostnames: ["a.example.com;"]`, "hostnames[0]"},
		{"version", `databases: [{name: a, engine: PostgreSQL, version: "17; id"}]`, "version"},
		{"restart-time", `restartedAt: "now; id"`, "restartedAt"},
		{"volume-size", `volumes: [{name: a, size: "1Gi; id"}]`, "size"},
	}
	for _, f := range specs {
		attacks = append(attacks, Attack{Name: f.name, Expect: "refused with the field", Steps: []Step{create(stack(f.spec), f.says)}})
	}
	return append(attacks, named()...)
}

// named are names of things of the class, which say nothing else than that there is no such thing.
func named() []Attack {
	return []Attack{
		{
			Name: "class-name", Expect: "ClassNotFound: the name is looked up, not a path", Steps: []Step{create(stack("stackClassName: ../gold"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonClassNotFound, []string{"../gold"}}},
		},
		{
			Name: "size-name", Expect: "Invalid that quotes the name", Steps: []Step{create(web("size: " + quoted("{{.}}\n\u202e")))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonInvalid, []string{"spec.components[web].size", `"{{.}}\n\u202e"`}}},
		},
		{
			Name: "json-twice", Expect: "refused: strict validation names a field that stands twice",
			Steps: []Step{{By: Tenant, Method: http.MethodPost, Kind: "BackendStack", Type: typeJSON, Query: "?fieldValidation=Strict", Refused: []string{"duplicate field", "suspend"},
				Body: `{"apiVersion":"stackwright.dev/v1alpha1","kind":"BackendStack","metadata":{"name":"shop"},"spec":{"suspend":false,"suspend":true}}`}},
		},
	}
}

// routed are paths that nginx could read as code.
func routed() []Attack {
	route := func(path string) string {
		return web("uses: []\nroutes: [{name: public, rules: [{name: odd, path: " + quoted(path) + "}]}]")
	}
	accepted := func(name, path, token string) Attack {
		return Attack{
			Name: name, Expect: "accepted: the path is one word of nginx.conf, and there is no directive but ours", Steps: []Step{create(route(path))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}},
			Check: func(ctx context.Context, s *scene) error { return s.onlyDirectives(ctx, token) },
		}
	}
	invalid := func(name, path string) Attack {
		return Attack{
			Name: name, Expect: "Invalid that names the route", Steps: []Step{create(route(path))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonInvalid, []string{"routes[public].rules[odd].path"}}},
		}
	}
	return []Attack{
		accepted("route-path-code", "/a;return'$host", "/a;return'$host"),
		accepted("route-path-escaped-quote", "/a%22%3B%20return%20200%20x%3B%20%23", `/a"; return 200 x; #`),
		accepted("route-path-escaped-block", "/a%7D%20server%20%7B", "/a} server {"),
		accepted("route-path-backslash", "/a%5C", `/a\`),
		invalid("route-path-escaped-line", "/a%0Aserver"),
		invalid("route-path-escaped-nul", "/a%00"),
		invalid("route-path-goes-up", "/a/../admin"),
		invalid("route-path-escaped-up", "/a/%2e%2e/admin"),
		invalid("route-path-half-escape", "/a%2"),
	}
}
