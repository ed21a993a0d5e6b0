package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// metrics are the figures that an operator tells of itself.
type metrics struct {
	url   string
	debug string
}

// sum adds up all series of a metric.
func (m *metrics) sum(ctx context.Context, name string) (float64, error) {
	body, err := get(ctx, m.url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	total := 0.0
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, value, found := strings.Cut(lines.Text(), " ")
		if labels, ours := strings.CutPrefix(series, name); !ours || !found || labels != "" && labels[0] != '{' {
			continue
		}
		if strings.Contains(series, "{") { // label values may hold spaces
			value = lines.Text()[strings.LastIndex(lines.Text(), " ")+1:]
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, err
		}
		total += number
	}
	return total, lines.Err()
}

func get(ctx context.Context, url string) (io.ReadCloser, error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(ask)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, errors.New(url + ": " + response.Status)
	}
	return response.Body, nil
}

// save writes a profile of an operator that runs with profiling to a file.
func (m *metrics) save(ctx context.Context, query, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	body, err := get(ctx, m.debug+"/debug/pprof/"+query)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, body)
	return errors.Join(err, file.Close())
}
