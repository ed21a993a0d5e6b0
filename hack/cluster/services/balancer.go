package main

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
)

// balancers hands out the addresses of load balancers. Each belongs to one
// Service until that is deleted or no longer of the type.
type balancers struct {
	client   kubernetes.Interface
	services listers.ServiceLister
	addrs    netip.Prefix

	mu    sync.Mutex
	given map[netip.Addr]string // namespace/name of the Service that has it
}

// watchBalancers gives every Service of type LoadBalancer, without a class of its
// own, an address of addrs. kube-proxy answers at that address.
func watchBalancers(ctx context.Context, client kubernetes.Interface, factory informers.SharedInformerFactory, addrs netip.Prefix) error {
	services := factory.Core().V1().Services()
	b := &balancers{client: client, services: services.Lister(), addrs: addrs, given: map[netip.Addr]string{}}
	return onChange(ctx, services.Informer(), b.handle)
}

// handle settles one Service: an address for a load balancer that has none, and
// none for a Service that no longer is one.
func (b *balancers) handle(ctx context.Context, service *corev1.Service) error {
	wants := service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.Spec.LoadBalancerClass == nil && service.DeletionTimestamp == nil
	has := len(service.Status.LoadBalancer.Ingress) > 0
	if wants == has {
		return nil
	}
	changed := service.DeepCopy()
	changed.Status.LoadBalancer = corev1.LoadBalancerStatus{}
	if wants {
		addr, err := b.take(service)
		if err != nil {
			return err
		}
		changed.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: addr.String()}}
	}
	if _, err := b.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("cannot set the address of Service %s: %w", keyOf(service), err)
	}
	return nil
}

// take finds an address for a Service: the one it asks for, the one it was given
// before, or the lowest that no Service has.
func (b *balancers) take(service *corev1.Service) (netip.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.forgetDeleted(); err != nil {
		return netip.Addr{}, err
	}
	wanted, _ := netip.ParseAddr(service.Spec.LoadBalancerIP)
	for addr := b.addrs.Addr().Next(); b.addrs.Contains(addr); addr = addr.Next() {
		owner := b.given[addr]
		if owner == keyOf(service) || owner == "" && (!b.addrs.Contains(wanted) || addr == wanted) {
			b.given[addr] = keyOf(service)
			return addr, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no address of %s is free for Service %s", b.addrs, keyOf(service))
}

// forgetDeleted rebuilds what is given from the Services that there are, which
// also learns what an earlier run of this process gave.
func (b *balancers) forgetDeleted() error {
	all, err := b.services.List(labels.Everything())
	if err != nil {
		return err
	}
	present := map[string]bool{}
	for _, service := range all {
		if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		present[keyOf(service)] = true
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			if addr, err := netip.ParseAddr(ingress.IP); err == nil {
				b.given[addr] = keyOf(service)
			}
		}
	}
	for addr, owner := range b.given {
		if !present[owner] {
			delete(b.given, addr)
		}
	}
	return nil
}

func keyOf(object metav1.Object) string {
	return object.GetNamespace() + "/" + object.GetName()
}
