package mongodb

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	mebibyte = 1 << 20
	gibibyte = 1 << 30
	// smallestMemory is what a server needs to start and to serve a few clients with the smallest cache that there is.
	smallestMemory = 512 * mebibyte
	// mostMemory is what options are tuned for.
	mostMemory = 16 << 40
	// serverMemory is what the server takes beside its cache, connectionMemory what a connection takes.
	serverMemory, connectionMemory = 160 * mebibyte, 512 << 10
)

// smallestStorage has room for the log that members follow by: the server lets it grow to 990 MiB before it drops what is old.
var smallestStorage = resource.MustParse("2Gi")

// memory is what the container may use, in bytes.
func memory(s *part.Service) int64 {
	for _, amounts := range []corev1.ResourceList{s.Resources.Limits, s.Resources.Requests} {
		if amount := amounts.Memory(); !amount.IsZero() {
			return min(amount.Value(), mostMemory)
		}
	}
	return smallestMemory
}

// checkSize refuses a container that the kernel would end again and again, and a volume that is full at once.
func checkSize(s *part.Service) error {
	if memory(s) < smallestMemory {
		return part.Invalid(v1alpha1.ReasonInvalid, "size: MongoDB needs 512Mi of memory; choose the size Small or a larger one, "+
			"or set resources.memory")
	}
	if s.Storage.Size.Cmp(smallestStorage) < 0 {
		return part.Invalid(v1alpha1.ReasonInvalid, "storage.size: MongoDB keeps a log of up to 990Mi for its members; give it 2Gi or more")
	}
	return nil
}

// tuned are the options that follow the size, and the user's, which go before them.
func tuned(s *part.Service) map[string]string {
	available := memory(s)
	cache := cacheSize(available)
	connections := (available - cache - serverMemory) / connectionMemory
	result := map[string]string{
		cacheOption:       strconv.FormatFloat(float64(cache)/gibibyte, 'f', -1, 64),
		connectionsOption: strconv.FormatInt(min(max(connections, 150), 20000), 10),
	}
	for name, value := range s.Parameters {
		result[name] = scalar(value)
	}
	return result
}

// cacheSize is the server's own rule, applied to the memory of the container: half of what is over 1 GiB, and no less than 256 MiB. Left
// to itself the server may take the memory of the node for its own.
func cacheSize(available int64) int64 {
	size := max((available-gibibyte)/2, 256*mebibyte)
	return size - size%(16*mebibyte)
}

// ownConnections are those of the members to each other, of probes and of Jobs.
const ownConnections = 50

// room is how many connections a member has for consumers.
func room(s *part.Service) int64 {
	all, err := strconv.ParseInt(tuned(s)[connectionsOption], 10, 64)
	if err != nil { // checkParameters has refused it
		return 0
	}
	return max(0, all-ownConnections)
}
