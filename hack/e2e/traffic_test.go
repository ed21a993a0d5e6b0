package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// load sends requests to addresses until it is stopped, and remembers the ones that failed.
type load struct {
	stop context.CancelFunc
	wait sync.WaitGroup

	mutex    sync.Mutex
	sent     int
	failures []string
	versions map[string]int
}

const (
	loadClients  = 2                     // for each address, one of them with a new connection for each request
	loadInterval = 20 * time.Millisecond // between two requests of a client
)

func startLoad(t *testing.T, addresses ...string) *load {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	l := &load{stop: cancel, versions: map[string]int{}}
	t.Cleanup(cancel)
	for _, address := range addresses {
		for i := range loadClients {
			transport := &http.Transport{DisableKeepAlives: i == 0}
			client := &http.Client{Timeout: 10 * time.Second, Transport: transport}
			l.wait.Go(func() {
				defer transport.CloseIdleConnections()
				l.run(ctx, client, address)
			})
		}
	}
	return l
}

func (l *load) run(ctx context.Context, client *http.Client, address string) {
	ticks := time.NewTicker(loadInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		body, err := get(client, address, "")
		var answer struct{ Version string }
		if err == nil {
			err = json.Unmarshal([]byte(body), &answer)
		}
		l.mutex.Lock()
		l.sent++
		l.versions[answer.Version]++
		if err != nil {
			l.failures = append(l.failures, time.Now().Format("15:04:05.000 ")+err.Error())
		}
		l.mutex.Unlock()
	}
}

// end stops the load and fails the test for every request that was not answered.
func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.wait.Wait()
	t.Logf("%d requests, by version %v", l.sent, l.versions)
	if len(l.failures) > 0 {
		t.Errorf("%d of %d requests failed:\n%s", len(l.failures), l.sent, strings.Join(l.failures[:min(10, len(l.failures))], "\n"))
	}
}

// get asks an address, perhaps under another host name, and returns the body of a 200.
func get(client *http.Client, address, host string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, address, nil) //nolint:noctx // the client has a timeout
	if err != nil {
		return "", err
	}
	request.Host = host
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return string(body), err
}

// answers waits for the first answer: kube-proxy learns a moment later than we of the pods that are ready.
func answers(t *testing.T, address, host string) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second}
	harness.Eventually(t, soon, "the first answer of "+address+" "+host, func() (bool, string) {
		_, err := get(client, address, host)
		return err == nil, fmt.Sprint(err)
	})
}

func clusterAddress(t *testing.T, n *harness.Namespace, service string) string {
	t.Helper()
	object := &corev1.Service{}
	if err := n.Get(object, service); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://%s/", net.JoinHostPort(object.Spec.ClusterIP, fmt.Sprint(object.Spec.Ports[0].Port)))
}

// A rolling update loses no request, neither through the Service nor through the load balancer; nor does scaling down.
func TestRollingUpdate(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	spec := func(version string, replicas int) string {
		return stack("shop", fmt.Sprintf("  components:\n  - {name: web, %s, replicas: %d, env: [{name: VERSION, value: %q}], routes: [{name: public}], uses: []}\n", app, replicas, version))
	}
	n.Apply(spec("1", 2))
	balancer, service := n.Ready("shop", later).Status.URLs[0], clusterAddress(t, n, "shop-web")
	for _, address := range []string{balancer, service} {
		answers(t, address, "")
	}
	l := startLoad(t, balancer, service)
	n.Apply(spec("2", 2))
	n.Run("rollout", "status", "deployment/shop-web", "--timeout=360s")
	harness.Eventually(t, soon, "the old pods are gone", func() (bool, string) {
		pods := n.Run("get", "pods", "-l", "app.kubernetes.io/name=web", "-o", "name")
		return strings.Count(pods, "pod/") == 2, pods
	})
	n.Apply(spec("2", 1))
	harness.Eventually(t, soon, "one pod is left", func() (bool, string) {
		pods := n.Run("get", "pods", "-l", "app.kubernetes.io/name=web", "-o", "name")
		return strings.Count(pods, "pod/") == 1, pods
	})
	l.end(t)
	if l.versions["1"] == 0 || l.versions["2"] == 0 {
		t.Errorf("the load did not see both versions: %v", l.versions)
	}
}

// A request that is under way when its pod is told to stop is answered.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", "  components:\n  - {name: web, "+app+", uses: []}\n  - {name: caller, "+idle+", uses: [web]}\n"))
	n.Ready("shop", soon)
	address := clusterAddress(t, n, "shop-web")
	answers(t, address, "")
	client := &http.Client{Timeout: 30 * time.Second}
	results := make(chan error, 4)
	for range cap(results) {
		go func() { // requests of two seconds, one after another, over the moment of the stop
			var err error
			for begin := time.Now(); err == nil && time.Since(begin) < 4*time.Second; {
				_, err = get(client, address+"slow", "")
			}
			results <- err
		}()
	}
	n.Run("delete", "pod", "-l", "app.kubernetes.io/name=web", "--wait=false")
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// The load balancer routes by host and by path, refuses what nobody declared, and carries uploads and WebSockets.
func TestRoutes(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", `  hostnames: [shop.example.com]
  components:
  - {name: web, `+app+`, uses: [], env: [{name: NAME, value: web}], routes: [{name: public}, {name: files, hostnames: ["*.files.example.com"]}]}
  - {name: api, `+app+`, uses: [], env: [{name: NAME, value: api}],
     routes: [{name: public, rules: [{name: api, path: /api}]}, {name: own, hostnames: [api.example.com]}]}
`))
	n.Ready("shop", later)
	address := n.Run("get", "service", "shop-lb", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")
	client := &http.Client{Timeout: 20 * time.Second}
	for _, host := range []string{"shop.example.com", "api.example.com"} {
		answers(t, "http://"+address+"/", host)
	}
	for _, c := range []struct{ host, path, name string }{
		{"shop.example.com", "/", "web"}, {"shop.example.com", "/apiary", "web"}, {"shop.example.com", "/api", "api"},
		{"shop.example.com", "/api/v1/orders?a=b%2Fc", "api"}, {"api.example.com", "/other", "api"}, {"one.files.example.com", "/", "web"},
	} {
		body, err := get(client, "http://"+address+c.path, c.host)
		if err != nil || !strings.Contains(body, `"name":"`+c.name+`"`) || !strings.Contains(body, `"path":"`+c.path+`"`) ||
			!strings.Contains(body, `"host":"`+c.host+`"`) {
			t.Errorf("http://%s%s: %v %s; expected the answer of %s", c.host, c.path, err, body, c.name)
		}
	}
	for _, host := range []string{"unknown.example.com", "files.example.com", address} {
		if body, err := get(client, "http://"+address+"/", host); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("the unknown host %s is answered: %v %s", host, err, body)
		}
	}
	upload(t, client, address)
	webSocket(t, address)
	if got := n.Stack("shop").Status.URLs; len(got) == 0 || got[0] != "http://shop.example.com/" {
		t.Errorf("status.urls is %v", got)
	}
}

func upload(t *testing.T, client *http.Client, address string) {
	t.Helper()
	content := make([]byte, 64<<20)
	_, _ = rand.Read(content)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/upload", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "shop.example.com"
	response, err := client.Do(request)
	if err != nil {
		t.Errorf("upload: %v", err)
		return
	}
	defer response.Body.Close()
	var answer struct {
		Size   int
		SHA256 string
	}
	sum := sha256.Sum256(content)
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Size != len(content) || answer.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("upload of %d bytes: %s, %v, %+v", len(content), response.Status, err, answer)
	}
}

// webSocket speaks the protocol of RFC 6455 by hand: a handshake, and a masked frame that comes back, also after a pause.
func webSocket(t *testing.T, address string) {
	t.Helper()
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(address, "80"), 10*time.Second)
	if err != nil {
		t.Error(err)
		return
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
	key := make([]byte, 16)
	_, _ = rand.Read(key)
	fmt.Fprintf(connection, "GET /live HTTP/1.1\r\nHost: shop.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", base64.StdEncoding.EncodeToString(key))
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("WebSocket handshake: %v %v", response, err)
		return
	}
	for _, word := range []string{"hello", "again"} {
		frame := append([]byte{0x81, 0x80 | byte(len(word)), 1, 2, 3, 4}, word...)
		for i := range word {
			frame[6+i] ^= frame[2+i%4]
		}
		_, _ = connection.Write(frame)
		echo := make([]byte, 2+len(word))
		if _, err := io.ReadFull(reader, echo); err != nil || string(echo[2:]) != word {
			t.Errorf("WebSocket echo of %q: %q, %v", word, echo, err)
		}
	}
}

// The sample shop takes an order, and its worker fulfils it.
func TestShop(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", `  databases:
  - {name: main, engine: PostgreSQL, size: Nano, storage: {size: 1Gi}}
  caches:
  - {name: sessions, engine: Valkey, size: Nano}
  queues:
  - {name: jobs, engine: RabbitMQ, size: Micro, storage: {size: 1Gi}}
  components:
  - {name: web, image: "stackwright.test/demo-web:1", runtime: NodeJS, command: [node, server.js], port: 8080, healthPath: /healthz,
     size: Micro, uses: [main, sessions, jobs], routes: [{name: public}]}
  - {name: worker, type: Worker, image: "stackwright.test/demo-worker:1", runtime: Celery, celery: {app: shop}, size: Micro,
     uses: [main, sessions, jobs]}
`))
	address := n.Ready("shop", later).Status.URLs[0]
	client := &http.Client{Timeout: 20 * time.Second}
	var order struct {
		ID     json.Number
		Status string
	}
	harness.Eventually(t, soon, "the shop takes an order", func() (bool, string) {
		response, err := client.Post(address+"orders", "application/json", strings.NewReader(`{"item":"tea"}`))
		if err != nil {
			return false, err.Error()
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode == http.StatusCreated && json.Unmarshal(body, &order) == nil, response.Status + " " + string(body)
	})
	harness.Eventually(t, soon, "the worker fulfils it", func() (bool, string) {
		body, err := get(client, address+"orders/"+order.ID.String(), "")
		return err == nil && strings.Contains(body, "fulfilled"), fmt.Sprint(body, err)
	})
}
