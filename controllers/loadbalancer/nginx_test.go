package loadbalancer

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stackwright/stackwright/controllers/loadbalancer/nginxconf"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestNginx runs the generated configuration in the nginx of this machine. Names of backends are addresses here; that names
// are looked up while nginx runs is seen in the cluster.
func TestNginx(t *testing.T) {
	binary, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("skipped: there is no nginx on this machine; the end-to-end test covers what this test would")
	}
	web, api := backend(t, "web"), backend(t, "api")
	proxy := startNginx(t, binary, []part.Route{
		{Hostname: "shop.example.com", Path: "/", Component: "web", Host: web.host, Port: web.port, Entry: "public/all"},
		{Hostname: "shop.example.com", Path: "/api", Component: "api", Host: api.host, Port: api.port, Entry: "public/api"},
		{Hostname: "*.example.com", Path: "/a b$x;{", Component: "api", Host: api.host, Port: api.port, Entry: "tenants/odd"},
		{Path: "/status", Component: "api", Host: api.host, Port: api.port, Entry: "status/all"},
	})
	t.Run("routes", func(t *testing.T) { checkRoutes(t, proxy.address) })
	t.Run("upload", func(t *testing.T) { checkUpload(t, proxy.address) })
	t.Run("websocket", func(t *testing.T) { checkWebSocket(t, proxy.address) })
	t.Run("graceful", func(t *testing.T) { checkGraceful(t, proxy) })
}

func checkRoutes(t *testing.T, address string) {
	for _, request := range []struct{ host, path, want string }{
		{"shop.example.com", "/", "web /"},
		{"shop.example.com", "/api", "api /api"},
		{"shop.example.com", "/api/", "api /api/"},
		{"shop.example.com", "/api/x%2Fy?q=%20", "api /api/x%2Fy?q=%20"},
		{"shop.example.com", "/apix", "web /apix"},
		{"SHOP.example.com:81", "/api", "api /api"},
		{"other.example.com", "/a%20b$x;%7B/c", "api /a%20b$x;%7B/c"},
		{"other.example.com", "/status", "api /status"},
		{"shop.example.com", "/status", "web /status"},
		{"other.example.com", "/", "no route"},
		{"example.org", "/status/x", "api /status/x"},
		{"example.org", "/statusx", "no route"},
	} {
		if got := get(t, address, request.host, request.path); got != request.want {
			t.Errorf("%s%s: got %q, want %q", request.host, request.path, got, request.want)
		}
	}
}

func checkUpload(t *testing.T, address string) {
	request, err := http.NewRequest(http.MethodPost, "http://"+address+"/count", bytes.NewReader(make([]byte, 50<<20)))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "shop.example.com"
	if got := send(t, request); got != "52428800" {
		t.Errorf("the backend counted %s", got)
	}
}

func checkWebSocket(t *testing.T, address string) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "GET /echo HTTP/1.1\r\nHost: shop.example.com\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n")
	reader := bufio.NewReader(connection)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %v", answer, err)
	}
	fmt.Fprint(connection, "ping\n")
	if line, err := reader.ReadString('\n'); err != nil || line != "ping\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

// checkGraceful stops nginx while a request is under way.
func checkGraceful(t *testing.T, proxy *process) {
	answer := make(chan string)
	go func() { answer <- get(t, proxy.address, "shop.example.com", "/slow") }()
	time.Sleep(300 * time.Millisecond)
	if err := proxy.command.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if got := <-answer; got != "slow" {
		t.Errorf("the request under way got %q", got)
	}
	if err := proxy.command.Wait(); err != nil {
		t.Errorf("nginx ended with %v", err)
	}
}

func get(t *testing.T, address, host, path string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	request.Host = host
	return send(t, request)
}

func send(t *testing.T, request *http.Request) string {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

type endpoint struct {
	host string
	port int32
}

// backend answers with its name and the address that was asked for.
func backend(t *testing.T, name string) endpoint {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/count":
			count, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, count)
		case "/echo":
			echo(w, r)
		case "/slow":
			time.Sleep(time.Second)
			fmt.Fprint(w, "slow")
		default:
			fmt.Fprint(w, name+" "+r.RequestURI)
		}
	}))
	t.Cleanup(server.Close)
	address := server.Listener.Addr().(*net.TCPAddr)
	return endpoint{address.IP.String(), int32(address.Port)}
}

func echo(w http.ResponseWriter, r *http.Request) {
	connection, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: %s\r\n\r\n",
		r.Header.Get("Upgrade"), r.Header.Get("Connection"))
	_, _ = io.Copy(connection, buffered)
}

type process struct {
	command *exec.Cmd
	address string
}

// startNginx moves the folder and the ports of the configuration to free ones.
func startNginx(t *testing.T, binary string, routes []part.Route) *process {
	t.Helper()
	served, err := sites(routes)
	if err != nil {
		t.Fatal(err)
	}
	text, err := nginxconf.Render(document(served))
	if err != nil {
		t.Fatal(err)
	}
	folder, address := t.TempDir(), freeAddress(t)
	text = strings.NewReplacer(stateDir, folder, "listen 8080", "listen "+address, "listen 8081", "listen "+freeAddress(t)).Replace(text)
	for name, content := range map[string]string{
		configFile: text, "resolver.conf": "resolver 127.0.0.1;\n", "listen-8080.conf": "", "listen-8081.conf": "",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(binary, "-e", "stderr", "-p", folder, "-c", filepath.Join(folder, configFile))
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	for range 100 {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			return &process{command, address}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nginx does not answer:\n%s", output.String())
	return nil
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
