package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// settings are what the environment says.
type settings struct {
	// context is a context of the user's kubeconfig; empty for a local cluster.
	context string
	// cluster is the name of the local cluster.
	cluster string
	// namespace of the shop.
	namespace string
	// image of the operator on an existing cluster; empty for the released one.
	image string
	// registry stands in the place of stackwright.test in the images of the shop.
	registry string
	// timeout bounds the wait for Ready.
	timeout time.Duration
}

const defaultTimeout = 5 * time.Minute

func readSettings(env func(string) string) (settings, error) {
	or := func(name, fallback string) string {
		if value := env(name); value != "" {
			return value
		}
		return fallback
	}
	s := settings{
		context: env("DEMO_CONTEXT"), cluster: or("DEMO_CLUSTER", "demo"), namespace: or("DEMO_NAMESPACE", "shop"),
		image: env("DEMO_IMAGE"), registry: or("DEMO_REGISTRY", testRegistry), timeout: defaultTimeout,
	}
	if text := env("DEMO_TIMEOUT"); text != "" {
		timeout, err := time.ParseDuration(text)
		if err != nil {
			return s, fmt.Errorf("DEMO_TIMEOUT: %w; write it like 5m", err)
		}
		s.timeout = timeout
	}
	return s, nil
}

// findRoot looks for the checkout from the working directory upwards.
func findRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "hack", "demo", "shop.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("this is not a checkout of Stackwright: run make demo in one")
		}
	}
}
