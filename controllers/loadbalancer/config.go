package loadbalancer

import (
	_ "embed"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/loadbalancer/nginxconf"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	configFile  = "nginx.conf"
	startScript = "start.sh"
	stopScript  = "stop.sh"
	healthPath  = "/healthz"

	// stateDir is made by the start script, which writes the addresses of name servers and the IPv6 listeners there.
	stateDir = tmpDir + "/nginx"
)

var (
	//go:embed scripts/start.sh
	startText string
	//go:embed scripts/stop.sh
	stopText string
)

func config(s *part.Stack) (*corev1.ConfigMap, error) {
	served, err := sites(s.LoadBalancer.Routes)
	if err != nil {
		return nil, err
	}
	text, err := nginxconf.Render(document(served))
	if err != nil {
		return nil, err
	}
	return kit.Config(kit.LoadBalancerIdentity(s.Name), s.Namespace, name(s), map[string]string{
		configFile: text, startScript: startText, stopScript: stopText,
	}), nil
}

func document(served []site) []nginxconf.Directive {
	http := append(general(), variables()...)
	http = append(http, proxying()...)
	http = append(http, healthServer())
	if len(served) == 0 || served[0].host != "" {
		http = append(http, server(site{}))
	}
	for _, each := range served {
		http = append(http, server(each))
	}
	return []nginxconf.Directive{
		line("daemon", "off"),
		line("worker_processes", "2"),
		// What is still open then is cut, so that a WebSocket does not hold the pod up to its end.
		line("worker_shutdown_timeout", "45s"),
		line("pid", stateDir+"/nginx.pid"),
		line("error_log", "stderr", "warn"),
		nginxconf.Block("events", line("worker_connections", "4096")),
		nginxconf.Block("http", http...),
	}
}

func general() []nginxconf.Directive {
	temporary := func(kind string) nginxconf.Directive { return line(kind+"_temp_path", stateDir+"/"+kind) }
	return []nginxconf.Directive{
		line("include", stateDir+"/resolver.conf"),
		line("server_tokens", "off"),
		line("default_type", "text/plain"),
		line("server_names_hash_bucket_size", "512"),
		line("server_names_hash_max_size", "8192"),
		line("log_format", "access", "escape=json", accessLog),
		line("access_log", "/dev/stdout", "access"),
		line("keepalive_timeout", "75s"),
		line("client_header_timeout", "30s"),
		line("large_client_header_buffers", "4", "32k"),
		line("reset_timedout_connection", "on"),
		temporary("client_body"), temporary("proxy"), temporary("fastcgi"), temporary("uwsgi"), temporary("scgi"),
	}
}

const accessLog = `{"time":"$time_iso8601","client":"$remote_addr","forwarded":"$http_x_forwarded_for",` +
	`"method":"$request_method","host":"$host","uri":"$request_uri","status":$status,"bytes":$bytes_sent,` +
	`"seconds":$request_time,"upstream":"$target","upstreamSeconds":"$upstream_response_time","id":"$correlation"}`

// variables decide on headers. Only WebSockets may upgrade a connection: another protocol would carry requests past the
// routes. An identifier of a client is kept where it cannot harm a log.
func variables() []nginxconf.Directive {
	choose := func(from, to string, cases ...nginxconf.Directive) nginxconf.Directive {
		return nginxconf.Block("map", cases...).With(from, to)
	}
	return []nginxconf.Directive{
		choose("$http_upgrade", "$upgrade", line("default", ""), line("~*^websocket$", "websocket")),
		choose("$upgrade", "$connection_header", line("default", "upgrade"), line("", "close")),
		choose("$http_host", "$host_header", line("default", "$http_host"), line("", "$host")),
		choose("$http_x_forwarded_proto", "$forwarded_proto", line("default", "$scheme"), line("https", "https"), line("http", "http")),
		choose("$http_x_request_id", "$correlation", line("default", "$request_id"), line("~^[A-Za-z0-9._-]{8,128}$", "$http_x_request_id")),
	}
}

// proxying passes requests and answers on as they come in, without files in between.
func proxying() []nginxconf.Directive {
	return []nginxconf.Directive{
		line("client_max_body_size", "0"),
		line("proxy_http_version", "1.1"),
		line("proxy_request_buffering", "off"),
		line("proxy_buffering", "off"),
		line("proxy_buffer_size", "32k"),
		line("proxy_buffers", "4", "32k"),
		line("proxy_connect_timeout", "5s"),
		line("proxy_read_timeout", "3600s"),
		line("proxy_send_timeout", "3600s"),
		// Only requests that may be repeated are, and only where the name has a further address.
		line("proxy_next_upstream", "error", "timeout"),
		line("proxy_next_upstream_tries", "2"),
		line("proxy_next_upstream_timeout", "10s"),
		line("proxy_headers_hash_bucket_size", "128"),
		header("Host", "$host_header"),
		header("Connection", "$connection_header"),
		header("Upgrade", "$upgrade"),
		header("X-Forwarded-For", "$proxy_add_x_forwarded_for"),
		header("X-Forwarded-Host", "$host_header"),
		header("X-Forwarded-Proto", "$forwarded_proto"),
		header("X-Request-ID", "$correlation"),
	}
}

func header(name, value string) nginxconf.Directive { return line("proxy_set_header", name, value) }

func healthServer() nginxconf.Directive {
	return nginxconf.Block("server",
		line("listen", strconv.Itoa(healthPort)),
		line("include", stateDir+"/listen-"+strconv.Itoa(healthPort)+".conf"),
		line("access_log", "off"),
		nginxconf.Block("location", line("return", "200", "ok")).With("=", healthPath),
		notFound(),
	)
}

// server answers for one hostname. The first one for a port is also that of every unknown hostname.
func server(s site) nginxconf.Directive {
	host, listen := s.host, line("listen", strconv.Itoa(httpPort))
	if host == "" {
		host, listen = "_", line("listen", strconv.Itoa(httpPort), "default_server")
	}
	result := nginxconf.Block("server", listen,
		line("include", stateDir+"/listen-"+strconv.Itoa(httpPort)+".conf"),
		line("server_name", host),
		line("set", "$target", ""),
	)
	for _, each := range s.locations {
		result.Block = append(result.Block, proxied(each)...)
	}
	if len(s.locations) == 0 || s.locations[0].path != "/" {
		result.Block = append(result.Block, notFound())
	}
	return result
}

// proxied matches a path by whole segments: the path itself, and what lies below it.
func proxied(l location) []nginxconf.Directive {
	target := []nginxconf.Directive{
		line("set", "$target", l.route.Host+":"+strconv.Itoa(int(l.route.Port))),
		line("proxy_pass", "http://$target"),
	}
	if l.path == "/" {
		return []nginxconf.Directive{nginxconf.Block("location", target...).With("/")}
	}
	return []nginxconf.Directive{
		nginxconf.Block("location", target...).With("=", l.path),
		nginxconf.Block("location", target...).With("^~", l.path+"/"),
	}
}

func notFound() nginxconf.Directive {
	return nginxconf.Block("location", line("return", "404", "no route")).With("/")
}

func line(name string, args ...string) nginxconf.Directive { return nginxconf.Line(name, args...) }
