// Command probe is what the smoke test runs in a pod: a web server, and small
// commands that use the cluster from inside.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

var commands = map[string]func(args []string) error{
	"ok":     func([]string) error { return nil },
	"lookup": lookup,
	"get":    get,
	"write":  write,
}

func main() {
	run, args := serve, []string(nil)
	if len(os.Args) > 1 {
		run, args = commands[os.Args[1]], os.Args[2:]
	}
	if run == nil {
		fmt.Fprintf(os.Stderr, "probe has no command %q\n", os.Args[1])
		os.Exit(2)
	}
	if err := run(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers requests; one for /burn also keeps a processor busy for a minute.
func serve([]string) error {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") })
	http.HandleFunc("/burn", func(w http.ResponseWriter, _ *http.Request) {
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			_ = w
		}
	})
	fmt.Println("serving")
	server := &http.Server{Addr: ":8080", ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}

// lookup prints the addresses of a host.
func lookup(args []string) error {
	found, err := net.DefaultResolver.LookupHost(context.Background(), args[0])
	fmt.Println(found)
	return err
}

// get prints the status with which a URL answers, of any server.
func get(args []string) error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	response, err := client.Get(args[0])
	if err != nil {
		return err
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode)
	return nil
}

// write puts text into a file.
func write(args []string) error {
	return os.WriteFile(args[0], []byte(args[1]), 0o644)
}
