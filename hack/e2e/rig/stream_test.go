package rig

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

const (
	asJSON     = "application/json"
	asProtobuf = "application/vnd.kubernetes.protobuf"
)

// stage is an API server of ConfigMaps that sends what a test tells it, a proxy before it, and a real client behind that.
type stage struct {
	*testing.T
	proxy  *Proxy
	client coreclient.ConfigMapInterface
	// events is what the API server sends to the watch that was opened last: one that the proxy has just ended may still be
	// there, and would take an event with it.
	events chan []byte
	mutex  sync.Mutex
	// queries are those of the lists that the API server was asked for.
	queries chan url.Values
	media   string
}

func newStage(t *testing.T, media string) *stage {
	s := &stage{T: t, queries: make(chan url.Values, 10), media: media}
	server := httptest.NewServer(s)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.proxy = newProxy(target, http.DefaultTransport)
	front := httptest.NewServer(s.proxy)
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		server.CloseClientConnections()
		server.Close()
	})
	core, err := coreclient.NewForConfig(&rest.Config{
		Host: front.URL, ContentConfig: rest.ContentConfig{ContentType: media, AcceptContentTypes: media},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.client = core.ConfigMaps("")
	return s
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("watch") == "" {
		s.queries <- r.URL.Query()
		w.Header().Set("Content-Type", asJSON)
		_, _ = w.Write([]byte(`{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"7"}}`))
		return
	}
	media := s.media
	if media == asProtobuf {
		media += ";stream=watch"
	}
	w.Header().Set("Content-Type", media)
	events := s.open()
	flush(w)
	for {
		select {
		case frame := <-events:
			_, _ = w.Write(frame)
			flush(w)
		case <-r.Context().Done():
			return
		}
	}
}

// open makes the channel of a watch, before its client hears that it is open.
func (s *stage) open() <-chan []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.events = make(chan []byte, 10)
	return s.events
}

// send sends events that are written TYPE namespace/name.
func (s *stage) send(events ...string) {
	s.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, text := range events {
		kind, key, _ := strings.Cut(text, " ")
		namespace, name, _ := strings.Cut(key, "/")
		object := &corev1.ConfigMap{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string]string{"text": strings.Repeat("long ", 20000)},
		}
		s.events <- s.frame(kind, object)
	}
}

func (s *stage) frame(kind string, object runtime.Object) []byte {
	info, found := runtime.SerializerInfoForMediaType(clientgoscheme.Codecs.SupportedMediaTypes(), s.media)
	raw, err := runtime.Encode(clientgoscheme.Codecs.EncoderForVersion(info.Serializer, corev1.SchemeGroupVersion), object)
	if !found || err != nil {
		s.Fatal(found, err)
	}
	event := &metav1.WatchEvent{Type: kind, Object: runtime.RawExtension{Raw: raw}}
	if s.media == asJSON {
		frame, _ := json.Marshal(event)
		return append(frame, '\n')
	}
	frame, _ := event.Marshal()
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
}

func (s *stage) watch(options metav1.ListOptions) watch.Interface {
	s.Helper()
	watcher, err := s.client.Watch(s.Context(), options)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(watcher.Stop)
	return watcher
}

// patience is how long an event may take.
const patience = time.Minute

// receive reads as many events as are wanted; "end" is the end of the watch.
func (s *stage) receive(watcher watch.Interface, want ...string) {
	s.Helper()
	var got []string
	late := time.After(patience)
	for len(got) < len(want) {
		var event watch.Event
		var open bool
		select {
		case event, open = <-watcher.ResultChan():
		case <-late:
			s.Fatalf("after %v received only\n%q, wanted\n%q", patience, got, want)
		}
		object, _ := event.Object.(*corev1.ConfigMap)
		switch {
		case !open:
			got = append(got, "end")
		case object == nil:
			got = append(got, fmt.Sprint(event.Type, event.Object))
		default:
			got = append(got, string(event.Type)+" "+object.Namespace+"/"+object.Name)
		}
	}
	if !slices.Equal(got, want) {
		s.Fatalf("received\n%q, wanted\n%q", got, want)
	}
}

func inBoth(t *testing.T, test func(*stage)) {
	for _, media := range []string{asJSON, asProtobuf} {
		t.Run(media, func(t *testing.T) { test(newStage(t, media)) })
	}
}

// The second event of the namespace own meets each fault.
func TestStreamFaults(t *testing.T) {
	const first, foreign, second, third = "ADDED own/a", "ADDED other/x", "MODIFIED own/a", "DELETED own/a"
	for fault, want := range map[StreamFault][]string{
		DropEvent:      {first, foreign, third, "end"},
		DuplicateEvent: {first, foreign, second, second, third},
		DelayEvent:     {first, foreign, second, third},
		CloseWatch:     {first, foreign, second, "end"},
		ReplayEvents:   {first, foreign, first, second, third},
	} {
		t.Run(string(fault), func(t *testing.T) {
			inBoth(t, func(s *stage) {
				rule := &StreamRule{
					Fault: fault, Resource: "configmaps", Skip: 1, Match: func(e *StreamEvent) bool { return e.Namespace == "own" },
				}
				s.proxy.InjectStream(&StreamRule{Fault: CloseWatch, Resource: "secrets"}, rule)
				watcher := s.watch(metav1.ListOptions{ResourceVersion: "7"})
				s.send(first, foreign, second, third)
				s.receive(watcher, want...)
				if !rule.Hit() || s.proxy.Pending(rule) != (fault == DropEvent) {
					t.Errorf("hit %v, pending %v", rule.Hit(), s.proxy.Pending(rule))
				}
			})
		})
	}
}

// Who lost an event is told that its watch has expired, once, and not when it lists anyway.
func TestExpires(t *testing.T) {
	inBoth(t, func(s *stage) {
		rule := &StreamRule{Fault: DropEvent, Resource: "configmaps"}
		s.proxy.InjectStream(rule)
		watcher := s.watch(metav1.ListOptions{ResourceVersion: "7"})
		s.send("ADDED own/a")
		s.receive(watcher, "end")
		yes := true
		s.watch(metav1.ListOptions{SendInitialEvents: &yes}).Stop()
		if !s.proxy.Pending(rule) {
			s.Error("made up for without having been told")
		}
		if _, err := s.client.Watch(s.Context(), metav1.ListOptions{ResourceVersion: "7"}); !apierrors.IsResourceExpired(err) {
			s.Errorf("not expired: %v", err)
		}
		if s.proxy.Pending(rule) {
			s.Error("told, and not made up for")
		}
		again := s.watch(metav1.ListOptions{ResourceVersion: "8"})
		s.send("ADDED own/b")
		s.receive(again, "ADDED own/b")
	})
}

// What a watch lists first is no event, and bookmarks are none.
func TestFirstListIsNoEvent(t *testing.T) {
	inBoth(t, func(s *stage) {
		s.proxy.InjectStream(&StreamRule{Fault: DuplicateEvent, Resource: "configmaps"})
		yes := true
		watcher := s.watch(metav1.ListOptions{SendInitialEvents: &yes})
		s.send("ADDED own/a", "BOOKMARK /", "BOOKMARK /", "MODIFIED own/a")
		s.receive(watcher, "ADDED own/a", "BOOKMARK /", "BOOKMARK /", "MODIFIED own/a", "MODIFIED own/a")
		want := []StreamEvent{{Type: "MODIFIED", Resource: "configmaps", Namespace: "own", Name: "a"}}
		if got := s.proxy.EventsSince(0); !slices.Equal(got, want) {
			s.Errorf("events %v, wanted %v", got, want)
		}
		if got := s.proxy.Watched(); !slices.Equal(got, []string{"configmaps"}) {
			s.Errorf("watched %v", got)
		}
	})
}

// A frozen view shows nothing newer, neither in open watches nor in lists, until it thaws.
func TestFreeze(t *testing.T) {
	inBoth(t, func(s *stage) {
		watcher := s.watch(metav1.ListOptions{ResourceVersion: "7"})
		s.send("ADDED own/a")
		s.receive(watcher, "ADDED own/a")
		s.proxy.Freeze("configmaps", "5")
		s.send("MODIFIED own/a", "DELETED own/a")
		yes := true
		if _, err := s.client.Watch(s.Context(), metav1.ListOptions{SendInitialEvents: &yes}); !apierrors.IsInvalid(err) {
			s.Errorf("a watch that lists first is answered with %v", err)
		}
		if _, err := s.client.List(s.Context(), metav1.ListOptions{ResourceVersion: "0"}); err != nil {
			s.Fatal(err)
		}
		if q := <-s.queries; q.Get("resourceVersion") != "5" || q.Get("resourceVersionMatch") != "Exact" {
			s.Errorf("the list is of %v", q)
		}
		if got := len(watcher.ResultChan()) + len(s.proxy.EventsSince(0)); got != 1 {
			s.Errorf("%d events passed the frozen view", got-1)
		}
		s.proxy.Calm()
		s.receive(watcher, "MODIFIED own/a", "DELETED own/a")
		if _, err := s.client.List(s.Context(), metav1.ListOptions{ResourceVersion: "0"}); err != nil {
			s.Fatal(err)
		}
		if q := <-s.queries; q.Get("resourceVersionMatch") != "" {
			s.Errorf("after the thaw the list is of %v", q)
		}
	})
}
