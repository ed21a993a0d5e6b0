module github.com/stackwright/stackwright/hack/bench

go 1.26.0

require (
	github.com/stackwright/stackwright v0.0.0
	k8s.io/api v0.37.2
	k8s.io/apiextensions-apiserver v0.37.2
	k8s.io/apimachinery v0.37.2
	k8s.io/client-go v0.37.2
	sigs.k8s.io/controller-runtime v0.25.2
	sigs.k8s.io/yaml v1.6.0
)

replace github.com/stackwright/stackwright => ../..
