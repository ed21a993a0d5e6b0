package resolve

import (
	"cmp"
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// Class is the policy that applies to a resource. The zero value is the built-in defaults.
type Class struct {
	// Name is empty for the built-in defaults.
	Name       string
	Generation int64
	Spec       v1alpha1.StackClassSpec
}

// Class finds the class of a resource in a namespace: the one that is named, else the default one, else the built-in
// defaults while the cluster has no class at all.
func (r *Resolver) Class(ctx context.Context, namespace, name string) (*Class, error) {
	object, err := r.pickClass(ctx, namespace, name)
	if err != nil || object == nil {
		return &Class{}, err
	}
	admitted, err := r.namespaceMatches(ctx, namespace, object.Spec.Namespaces.LabelSelector())
	if err != nil {
		return nil, err
	}
	if !admitted {
		return nil, part.Waiting(v1alpha1.ReasonNamespaceNotAllowed, 0,
			"StackClass %s does not admit namespace %s; ask the platform team, or name another class in spec.stackClassName",
			object.Name, namespace)
	}
	return &Class{Name: object.Name, Generation: object.Generation, Spec: object.Spec}, nil
}

func (r *Resolver) pickClass(ctx context.Context, namespace, name string) (*v1alpha1.StackClass, error) {
	if name != "" {
		object := &v1alpha1.StackClass{}
		exists, err := r.found(ctx, "", name, object)
		if err == nil && !exists {
			err = part.Waiting(v1alpha1.ReasonClassNotFound, 0,
				"StackClass %s does not exist; create it or name another in spec.stackClassName. Nothing is changed until then", name)
		}
		return object, err
	}
	list := &v1alpha1.StackClassList{}
	if err := r.Cache.List(ctx, list); err != nil || len(list.Items) == 0 {
		return nil, err
	}
	defaults := slices.DeleteFunc(list.Items, func(c v1alpha1.StackClass) bool {
		return c.Annotations[v1alpha1.AnnotationDefaultClass] != "true"
	})
	switch len(defaults) {
	case 0:
		return nil, part.Waiting(v1alpha1.ReasonNamespaceNotAllowed, 0,
			"no StackClass is annotated %s: \"true\"; name one in spec.stackClassName", v1alpha1.AnnotationDefaultClass)
	case 1:
		return &defaults[0], nil
	}
	return nil, part.Waiting(v1alpha1.ReasonClassAmbiguous, 0,
		"StackClasses %s and %s are both annotated as the default in namespace %s; leave the annotation on one of them",
		defaults[0].Name, defaults[1].Name, namespace)
}

// Production says whether the floors of production apply.
func (c *Class) Production() bool { return c.Spec.Profile != v1alpha1.ProfileDevelopment }

// Placement returns a named placement, the one called default when none is named.
func (c *Class) Placement(field, name string) (part.Placement, error) {
	wanted := name
	if wanted == "" {
		wanted = "default"
	}
	for _, p := range c.Spec.Placements {
		if p.Name == wanted {
			return part.Placement{
				NodeSelector: p.NodeSelector, Tolerations: p.Tolerations, NodeAffinity: p.NodeAffinity,
				PriorityClassName: p.PriorityClassName, RuntimeClassName: p.RuntimeClassName,
			}, nil
		}
	}
	if name == "" {
		return part.Placement{}, nil
	}
	return part.Placement{}, part.Invalid(v1alpha1.ReasonInvalid, "%s: the class has no placement %q; it has %s", field, name, c.placementNames())
}

func (c *Class) placementNames() string {
	var names []string
	for _, p := range c.Spec.Placements {
		names = append(names, p.Name)
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}

// builtinSizes always exist; a class may redefine them.
var builtinSizes = []v1alpha1.Size{
	{Name: "Nano", CPU: resource.MustParse("25m"), Memory: resource.MustParse("128Mi")},
	{Name: "Micro", CPU: resource.MustParse("100m"), Memory: resource.MustParse("256Mi")},
	{Name: "Small", CPU: resource.MustParse("250m"), Memory: resource.MustParse("512Mi")},
	{Name: "Medium", CPU: resource.MustParse("500m"), Memory: resource.MustParse("1Gi")},
	{Name: "Large", CPU: resource.MustParse("1"), Memory: resource.MustParse("2Gi")},
	{Name: "XLarge", CPU: resource.MustParse("2"), Memory: resource.MustParse("4Gi")},
}

// DefaultSize applies where no size is named.
const DefaultSize = "Small"

// Resources returns what a container asks for: the size, with explicit resources in its place where they are given.
func (c *Class) Resources(field, size string, explicit *v1alpha1.Resources) (corev1.ResourceRequirements, error) {
	if size == "" {
		size = DefaultSize
	}
	for _, s := range slices.Concat(c.Spec.Sizes, builtinSizes) {
		if s.Name == size {
			return override(sized(s), explicit), nil
		}
	}
	return corev1.ResourceRequirements{}, part.Invalid(v1alpha1.ReasonInvalid,
		"%s: no size %q; the class has %s", field, size, c.sizeNames())
}

func (c *Class) sizeNames() string {
	var names []string
	for _, s := range slices.Concat(c.Spec.Sizes, builtinSizes) {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

func sized(size v1alpha1.Size) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: rounded(size.CPU), corev1.ResourceMemory: rounded(size.Memory)},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: rounded(size.Memory)},
	}
}

// rounded is an amount as the API server keeps it: in whole thousandths (SetDefaults_ResourceList).
func rounded(amount resource.Quantity) resource.Quantity {
	amount = amount.DeepCopy()
	amount.RoundUp(resource.Milli)
	return amount
}

func override(base corev1.ResourceRequirements, explicit *v1alpha1.Resources) corev1.ResourceRequirements {
	if explicit == nil {
		return base
	}
	set := func(list corev1.ResourceList, amounts *v1alpha1.ResourceAmounts) {
		if amounts != nil && amounts.CPU != nil {
			list[corev1.ResourceCPU] = rounded(*amounts.CPU)
		}
		if amounts != nil && amounts.Memory != nil {
			list[corev1.ResourceMemory] = rounded(*amounts.Memory)
		}
	}
	set(base.Requests, explicit.Requests)
	set(base.Limits, explicit.Limits)
	if explicit.Limits == nil || explicit.Limits.Memory == nil {
		base.Limits[corev1.ResourceMemory] = base.Requests[corev1.ResourceMemory]
	}
	// A limit below what the size asks for lowers that: Kubernetes takes no request above its limit.
	for name, limit := range base.Limits {
		if request := base.Requests[name]; request.Cmp(limit) > 0 {
			base.Requests[name] = limit
		}
	}
	return base
}

// storage returns the claim of a service or volume, checked against the class and, while it has yet to be made, against the
// cluster: a claim that exists does not care for a storage class that goes.
func (r *Resolver) storage(
	ctx context.Context, class *Class, field string, wanted *v1alpha1.Storage, size string, exists bool,
) (part.Storage, error) {
	result := part.Storage{}
	if wanted != nil && wanted.Size != "" {
		size = string(wanted.Size)
	}
	quantity, err := resource.ParseQuantity(size)
	if err != nil {
		return result, part.Invalid(v1alpha1.ReasonInvalid, "%s.size: %v", field, err)
	}
	result.Size = quantity
	result.ClassName = class.storageClass(wanted)
	if err := class.checkStorage(field, result); err != nil {
		return result, err
	}
	if exists {
		return result, nil
	}
	return result, r.checkStorageClass(ctx, field, result.ClassName, wanted != nil && wanted.StorageClassName != "")
}

func (c *Class) storageClass(wanted *v1alpha1.Storage) string {
	if wanted != nil && wanted.StorageClassName != "" {
		return wanted.StorageClassName
	}
	if c.Spec.Storage != nil {
		return c.Spec.Storage.Default
	}
	return ""
}

func (c *Class) checkStorage(field string, storage part.Storage) error {
	if s := c.Spec.Storage; s != nil && storage.ClassName != "" && len(s.Allowed) > 0 && !slices.Contains(s.Allowed, storage.ClassName) {
		return part.Invalid(v1alpha1.ReasonLimitExceeded,
			"%s.storageClassName: the class does not allow %s; it allows %s", field, storage.ClassName, strings.Join(s.Allowed, ", "))
	}
	if l := c.Spec.Limits; l != nil && l.MaxStorage != nil && storage.Size.Cmp(*l.MaxStorage) > 0 {
		return part.Invalid(v1alpha1.ReasonLimitExceeded,
			"%s.size: %s is more than the class's limit of %s", field, storage.Size.String(), l.MaxStorage.String())
	}
	return nil
}

// checkStorageClass looks whether a storage class exists. One that is named in the spec itself is immutable there.
func (r *Resolver) checkStorageClass(ctx context.Context, field, name string, named bool) error {
	if name != "" {
		exists, err := r.found(ctx, "", name, &storagev1.StorageClass{})
		if err == nil && !exists {
			remedy := "create it or name another"
			if named {
				remedy = "create it; to name another, remove what names it and make that again"
			}
			err = part.Waiting(v1alpha1.ReasonStorageClassNotFound, 0, "%s.storageClassName: the cluster has no StorageClass %s; %s", field, name, remedy)
		}
		return err
	}
	list := &storagev1.StorageClassList{}
	if err := r.Cache.List(ctx, list); err != nil {
		return err
	}
	if slices.ContainsFunc(list.Items, isDefaultStorageClass) {
		return nil
	}
	return part.Waiting(v1alpha1.ReasonStorageClassNotFound, 0,
		"the cluster has no default StorageClass; annotate one, or name one in %s.storageClassName", field)
}

func isDefaultStorageClass(class storagev1.StorageClass) bool {
	return class.Annotations["storageclass.kubernetes.io/is-default-class"] == "true"
}
