package rig

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// frames reads a watch's answer event by event, as JSON or protobuf.
type frames struct {
	reader *bufio.Reader
	json   bool
}

// frameLimit is the size of an event that cannot be one.
const frameLimit = 64 << 20

// protobufMark begins every object of Kubernetes in protobuf.
var protobufMark = []byte("k8s\x00")

func framesOf(response *http.Response) *frames {
	return &frames{
		reader: bufio.NewReaderSize(response.Body, 1<<16),
		json:   strings.HasPrefix(response.Header.Get("Content-Type"), "application/json"),
	}
}

func (f *frames) next() ([]byte, error) {
	if f.json {
		return f.reader.ReadBytes('\n')
	}
	var length [4]byte
	if _, err := io.ReadFull(f.reader, length[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size > frameLimit {
		return nil, fmt.Errorf("an event of %d bytes", size)
	}
	frame := make([]byte, 4+size)
	copy(frame, length[:])
	_, err := io.ReadFull(f.reader, frame[4:])
	return frame, err
}

// event says what happened to which object. A frame that cannot be read is an event of no kind.
func (f *frames) event(frame []byte) StreamEvent {
	event, object := metav1.WatchEvent{}, metav1.PartialObjectMetadata{}
	if f.json {
		_ = json.Unmarshal(frame, &event)
		_ = json.Unmarshal(event.Object.Raw, &object)
	} else {
		_ = event.Unmarshal(frame[4:])
		unknown := runtime.Unknown{}
		_ = unknown.Unmarshal(bytes.TrimPrefix(event.Object.Raw, protobufMark))
		_ = object.Unmarshal(unknown.Raw) // the metadata is the first field of every object
	}
	return StreamEvent{Type: event.Type, Namespace: object.Namespace, Name: object.Name}
}
