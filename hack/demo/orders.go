package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// requestPatience is how long the shop may take to answer, and the worker to do its part.
	requestPatience = 60 * time.Second
	requestTimeout  = 10 * time.Second
	retryPause      = 500 * time.Millisecond
)

// order sends one order through the load balancer and follows it to the end: written to PostgreSQL, read through Valkey,
// fulfilled by the worker that RabbitMQ hands it to.
func (d *demo) order(ctx context.Context, shop *stack) error {
	base, done, err := d.reach(ctx, shop)
	if err != nil {
		return err
	}
	defer done()
	client := &shopClient{base: base, http: &http.Client{Timeout: requestTimeout}}
	d.progress.say("send an order to %s", base)
	placed, err := client.place(ctx, "tea")
	if err != nil {
		return fmt.Errorf("the shop does not take an order: %w", err)
	}
	d.progress.say("  POST /orders      201  order %s for %s is in PostgreSQL", placed.ID, placed.Item)
	if err := client.readUntil(ctx, placed.ID, d.tellReads(), cached); err != nil {
		return fmt.Errorf("order %s is not read from the cache: %w", placed.ID, err)
	}
	if err := client.readUntil(ctx, placed.ID, nil, fulfilled); err != nil {
		return fmt.Errorf("order %s is not fulfilled by the worker: %w", placed.ID, err)
	}
	d.progress.say("  GET  /orders/%-5s 200  fulfilled by the Celery worker through RabbitMQ", placed.ID)
	return nil
}

// tellReads tells of the first read from each source.
func (d *demo) tellReads() func(*order, string) {
	sources := map[string]string{"miss": "PostgreSQL", "hit": "Valkey"}
	return func(got *order, cache string) {
		if from := sources[cache]; from != "" {
			d.progress.say("  GET  /orders/%-5s 200  X-Cache: %s, from %s", got.ID, cache, from)
			delete(sources, cache)
		}
	}
}

func cached(_ *order, cache string) bool { return cache == "hit" }

func fulfilled(got *order, _ string) bool { return got.Status == "fulfilled" }

// reach returns the address of the shop: that of its load balancer, or of a forwarded port where the cluster gives none.
func (d *demo) reach(ctx context.Context, shop *stack) (string, func(), error) {
	if len(shop.Status.URLs) > 0 && !shop.onlyAddressMissing() {
		return strings.TrimSuffix(shop.Status.URLs[0], "/"), func() {}, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address := listener.Addr().String()
	_ = listener.Close() // only its number is wanted
	_, port, _ := net.SplitHostPort(address)
	d.progress.say("this cluster gives Services of type LoadBalancer no address: a port is forwarded instead")
	forwarding, stop := context.WithCancel(ctx)
	cmd := d.kubectl.command(forwarding, nil, "port-forward", "--namespace", d.namespace, "service/shop-lb", port+":80")
	if err := cmd.Start(); err != nil {
		stop()
		return "", nil, fmt.Errorf("forward a port: %w", err)
	}
	return "http://" + address, func() { stop(); _ = cmd.Wait() }, nil
}

// order is an order of the shop.
type order struct {
	ID     string `json:"id"`
	Item   string `json:"item"`
	Status string `json:"status"`
}

// shopClient talks to the shop.
type shopClient struct {
	base string
	http *http.Client
}

// place orders an item, again and again while the shop is not ready for it.
func (c *shopClient) place(ctx context.Context, item string) (*order, error) {
	body, err := json.Marshal(map[string]string{"item": item})
	if err != nil {
		return nil, err
	}
	var placed *order
	err = retry(ctx, func() (err error) {
		placed, _, err = c.request(ctx, http.MethodPost, "/orders", body, http.StatusCreated)
		return err
	})
	return placed, err
}

// readUntil reads an order until it is as wanted, and tells of each read.
func (c *shopClient) readUntil(
	ctx context.Context, id string, tell func(*order, string), wanted func(*order, string) bool,
) error {
	return retry(ctx, func() error {
		got, cache, err := c.request(ctx, http.MethodGet, "/orders/"+id, nil, http.StatusOK)
		if err != nil {
			return err
		}
		if tell != nil {
			tell(got, cache)
		}
		if !wanted(got, cache) {
			return fmt.Errorf("it is %s (X-Cache: %s)", got.Status, cache)
		}
		return nil
	})
}

// retry calls until there is no error, or patience ends.
func retry(ctx context.Context, call func() error) error {
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	err := call()
	for err != nil && ctx.Err() == nil {
		pause(ctx, retryPause)
		err = call()
	}
	return err
}

func (c *shopClient) request(ctx context.Context, method, path string, body []byte, wanted int) (*order, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	const limit = 1 << 16
	content, err := io.ReadAll(io.LimitReader(response.Body, limit))
	if err != nil {
		return nil, "", err
	}
	if response.StatusCode != wanted {
		return nil, "", fmt.Errorf("%s %s: %s: %s", method, path, response.Status, strings.TrimSpace(string(content)))
	}
	got := &order{}
	if err := json.Unmarshal(content, got); err != nil || got.ID == "" {
		return nil, "", errors.Join(fmt.Errorf("%s %s: not an order: %s", method, path, content), err)
	}
	return got, response.Header.Get("X-Cache"), nil
}
