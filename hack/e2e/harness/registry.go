package harness

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// DenyingRegistry starts a registry on the node that refuses every pull, and returns its name.
func (s *Suite) DenyingRegistry(t testing.TB) string {
	t.Helper()
	listener, err := s.ListenOnNode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	registry := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintln(w, `{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}`)
		}),
	}
	go func() { _ = registry.Serve(listener) }()
	t.Cleanup(func() { _ = registry.Shutdown(context.Background()) })
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)) //nolint:forcetypeassert // the address of a TCP listener
}
