//go:build !linux

package main

// cgroup is empty: only a real node, on Linux, has control groups.
func (c *Cluster) cgroup() string { return "" }

func (c *Cluster) ensureCgroup() error { return nil }

func (c *Cluster) removeCgroup() error { return nil }
