package rabbitmq

import (
	"encoding/json"
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// mostItems bounds what is declared in one virtual host, in bytes: it is handed on as one argument of a program.
	mostItems = 100_000
	// mostDeclared bounds all together: it stands in one ConfigMap.
	mostDeclared = 900_000
)

// declaration is what is declared in one virtual host, as topology.erl reads it.
type declaration struct{ vhost, items string }

// declarations are those of all virtual hosts. There is one, however empty, where a field of the spec says so: what was made
// before is then taken away.
func declarations(s *part.Service) ([]declaration, error) {
	var result []declaration
	total := 0
	add := func(field, vhost string, topology *v1alpha1.QueueTopology) error {
		items := encode(topology)
		if total += len(items); len(items) > mostItems || total > mostDeclared {
			return part.Invalid(v1alpha1.ReasonInvalid,
				"%s: what is declared is too long; shorten names and patterns, or let clients declare some of it", field)
		}
		result = append(result, declaration{vhost, items})
		return nil
	}
	if s.Topology != nil {
		if s.Stack == "" {
			return nil, part.Invalid(v1alpha1.ReasonInvalid,
				"spec.topology: no stack made this broker, so that there is no private virtual host that is meant; declare it in spec.vhosts")
		}
		if err := add("spec.topology", makersVHost(s), s.Topology); err != nil {
			return nil, err
		}
	}
	for i := range s.VHosts {
		vhost, field := &s.VHosts[i], "spec.vhosts["+strconv.Itoa(i)+"]"
		if s.Topology != nil && vhost.Name == makersVHost(s) {
			return nil, part.Invalid(v1alpha1.ReasonInvalid,
				"%s.name: %s is the private virtual host of stack %s; declare everything in spec.topology, or rename it", field, vhost.Name, s.Stack)
		}
		if err := add(field, vhost.Name, &vhost.QueueTopology); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// encode lists what is declared, in the order in which it is made: a queue has its policies from the first message on.
func encode(t *v1alpha1.QueueTopology) string {
	items := [][]any{}
	for i := range t.Policies {
		p := &t.Policies[i]
		items = append(items, []any{"policy", p.Name, p.Pattern, policyTargets[p.ApplyTo], given(p.Priority), definition(p.Definition)})
	}
	for _, e := range t.Exchanges {
		items = append(items, []any{"exchange", e.Name, exchangeTypes[e.Type]})
	}
	for i := range t.Queues {
		q := &t.Queues[i]
		items = append(items, []any{"queue", q.Name, arguments(q)})
	}
	for i := range t.Bindings {
		b := &t.Bindings[i]
		kind, destination := "queue", b.Queue
		if b.ToExchange != "" {
			kind, destination = "exchange", b.ToExchange
		}
		items = append(items, []any{"binding", b.Exchange, kind, destination, b.RoutingKey, headers(b)})
	}
	text, err := json.Marshal(items)
	if err != nil { // unreachable for texts and numbers
		return "[]"
	}
	return string(text)
}

// What the API calls by names of its own.
var (
	queueTypes = map[v1alpha1.QueueType]string{
		"": "quorum", v1alpha1.QueueQuorum: "quorum", v1alpha1.QueueClassic: "classic", v1alpha1.QueueStream: "stream",
	}
	exchangeTypes = map[v1alpha1.ExchangeType]string{
		v1alpha1.ExchangeDirect: "direct", v1alpha1.ExchangeTopic: "topic", v1alpha1.ExchangeFanout: "fanout", v1alpha1.ExchangeHeaders: "headers",
	}
	policyTargets = map[v1alpha1.PolicyTarget]string{
		"": "queues", v1alpha1.PolicyQueues: "queues", v1alpha1.PolicyClassicQueues: "classic_queues",
		v1alpha1.PolicyQuorumQueues: "quorum_queues", v1alpha1.PolicyStreams: "streams", v1alpha1.PolicyExchanges: "exchanges",
	}
	overflows = map[v1alpha1.QueueOverflow]string{
		v1alpha1.OverflowDropHead: "drop-head", v1alpha1.OverflowRejectPublish: "reject-publish",
		v1alpha1.OverflowRejectPublishDLX: "reject-publish-dlx",
	}
	matches = map[v1alpha1.HeadersMatch]string{"": "all", v1alpha1.MatchAll: "all", v1alpha1.MatchAny: "any"}
)

// limits are the settings that a queue has as arguments and a policy as its definition, under names without the x- of arguments.
// Numbers are numbers: the broker compares types too.
func limits(l *v1alpha1.QueueLimits) map[string]any {
	result := map[string]any{}
	number := func(name string, value int64) {
		if value != 0 {
			result[name] = value
		}
	}
	text := func(name, value string) {
		if value != "" {
			result[name] = value
		}
	}
	number("max-length", given(l.MaxLength))
	if size, err := resource.ParseQuantity(string(l.MaxBytes)); err == nil {
		number("max-length-bytes", size.Value())
	}
	number("message-ttl", int64(given(l.MessageTTLSeconds))*1000)
	if l.MaxAgeSeconds != nil {
		text("max-age", strconv.Itoa(int(*l.MaxAgeSeconds))+"s")
	}
	text("dead-letter-exchange", string(l.DeadLetterExchange))
	text("dead-letter-routing-key", string(l.DeadLetterRoutingKey))
	number("delivery-limit", int64(given(l.DeliveryLimit)))
	text("overflow", overflows[l.Overflow])
	return result
}

func arguments(q *v1alpha1.DeclaredQueue) map[string]any {
	result := map[string]any{"x-queue-type": queueTypes[q.Type]}
	for name, value := range limits(&q.QueueLimits) {
		result["x-"+name] = value
	}
	return result
}

func definition(d *v1alpha1.PolicyDefinition) map[string]any {
	if d == nil { // unreachable for what the schema lets in
		return map[string]any{}
	}
	result := limits(&d.QueueLimits)
	if d.AlternateExchange != "" {
		result["alternate-exchange"] = d.AlternateExchange
	}
	return result
}

func headers(b *v1alpha1.DeclaredBinding) map[string]any {
	result := map[string]any{}
	for name, value := range b.Headers {
		result[name] = value
	}
	if len(result) > 0 {
		result["x-match"] = matches[b.Match]
	}
	return result
}

// given is the value behind a pointer, or zero.
func given[T any](pointer *T) T {
	var zero T
	if pointer == nil {
		return zero
	}
	return *pointer
}
