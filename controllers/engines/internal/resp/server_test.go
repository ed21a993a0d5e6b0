package resp

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// patience is what a busy machine may need for what takes seconds.
const patience = 2 * time.Minute

// rig runs members and sentinels of a cache on addresses of this machine, from the scripts and configuration of their pods.
type rig struct {
	*testing.T
	engine  Engine
	folder  string
	durable bool
	running map[string]*exec.Cmd
}

const (
	first, second, third = "127.0.77.10", "127.0.77.20", "127.0.77.21"
	password             = "secret"
	// passwordDigest is its SHA-256.
	passwordDigest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
)

// handovers is how often TestHandsOverUnderWrites has the primary replaced.
const handovers = 4

var watchers = []string{"127.0.77.30", "127.0.77.31", "127.0.77.32"}

// start begins with as many copies, for every engine whose server this machine has. STACKWRIGHT_TEST_PATH puts programs in front.
func start(t *testing.T, copies int, durable bool, test func(*rig)) {
	if testing.Short() {
		t.Skip("real servers take their time")
	}
	if path := os.Getenv("STACKWRIGHT_TEST_PATH"); path != "" {
		t.Setenv("PATH", path+":"+os.Getenv("PATH"))
	}
	for _, engine := range []Engine{engine, {Name: "Redis", Server: "redis-server", Client: "redis-cli"}} {
		t.Run(engine.Name, func(t *testing.T) {
			if _, err := exec.LookPath(engine.Server); err != nil {
				t.Skipf("%s is not installed", engine.Server)
			}
			r := &rig{t, engine, t.TempDir(), durable, map[string]*exec.Cmd{}}
			r.list(copies, "app_a")
			for _, host := range append(watchers, r.members(copies)...) {
				r.run(host)
			}
			r.settles(copies)
			test(r)
		})
	}
}

func (r *rig) members(copies int) []string { return []string{first, second, third}[:copies+1] }

// list writes the list of logins and the number of copies.
func (r *rig) list(copies int, logins ...string) {
	text := nobody + "\nuser " + administrator + " on #" + passwordDigest + " ~* &* +@all\n"
	for _, login := range logins {
		text += "user " + login + " on #" + passwordDigest + " " + mayOwn + "\n"
	}
	r.write("users/"+usersFile, text)
	r.write("users/"+departedFile, "")
	r.write("users/"+copiesFile, fmt.Sprintln(copies))
}

func (r *rig) write(name, content string) {
	path := filepath.Join(r.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		r.Fatal(err)
	}
}

// env is that of a pod, with folders of its own.
func (r *rig) env(host string) []string {
	own := func(name string) string {
		path := filepath.Join(r.folder, host, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			r.Fatal(err)
		}
		return path
	}
	return append(os.Environ(),
		"SELF="+host, "HERE="+host, "CLIENT="+r.engine.Client, "SERVER="+r.engine.Server, "PORT=6379", "TLS_OPTIONS=", "GROUP=shop.hot",
		"FIRST="+first, "COPY=127.0.77.2%d", "WATCH=127.0.77.3%d", "CONFIG="+own("config"), "USERS="+filepath.Join(r.folder, "users"),
		"TMP="+own("tmp"), "STATE="+own("state"), "FRONT="+own("front"), "PATIENCE=30", passwordVariable+"="+password)
}

// service is the cache as its room gets it, without TLS.
func (r *rig) service() *part.Service {
	s := service(v1alpha1.TLSDisabled)
	s.Durable = r.durable
	return s
}

// run starts the process of a pod as a group of its own, which dies with it.
func (r *rig) run(host string) {
	r.Helper()
	script := "member.sh"
	data := memberConfig(r.service()).Data
	if strings.HasPrefix(host, "127.0.77.3") {
		script, data = "sentinel.sh", watchConfig(r.service()).Data
	}
	env := r.env(host)
	for name, text := range data {
		text = strings.NewReplacer("bind * -::*", "bind "+host, usersDir+"/", filepath.Join(r.folder, "users")+"/", dataDir, filepath.Join(r.folder, host, "data"), stateDir, filepath.Join(r.folder, host, "state")).Replace(text)
		r.write(host+"/config/"+name, text)
	}
	r.write(host+"/data/.here", "")
	command := exec.Command("sh", "-uf", filepath.Join(r.folder, host, "config", script))
	log, err := os.OpenFile(filepath.Join(r.folder, host, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		r.Fatal(err)
	}
	command.Env, command.Stdout, command.Stderr = env, log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		r.Fatal(err)
	}
	r.running[host] = command
	r.Cleanup(func() {
		r.signal(host, syscall.SIGKILL)
		_ = log.Close()
		if r.Failed() {
			content, _ := os.ReadFile(log.Name())
			r.Logf("%s:\n%s", host, content[max(0, len(content)-8000):])
		}
	})
}

func (r *rig) signal(host string, signal syscall.Signal) {
	command := r.running[host]
	_ = syscall.Kill(-command.Process.Pid, signal)
	if signal == syscall.SIGKILL {
		_ = command.Wait()
	}
}

// script runs one of a pod's other scripts.
func (r *rig) script(host, name string, more ...string) (string, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-uf", filepath.Join(r.folder, host, "config", name))
	command.Env = append(r.env(host), more...)
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

// ask is a command of an application, or of another login.
func (r *rig) ask(login, host string, words ...string) (string, error) {
	command := exec.CommandContext(r.Context(), "timeout", append([]string{"5", r.engine.Client, "-e", "-h", host, "--user", login}, words...)...)
	command.Env = append(os.Environ(), passwordVariable+"="+password)
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func (r *rig) wants(host, want string, words ...string) {
	r.Helper()
	if got, err := r.ask("app_a", host, words...); err != nil || got != want {
		r.Errorf("%v on %s: %q, %v; expected %q", words, host, got, err, want)
	}
}

func (r *rig) eventually(what string, try func() (bool, string)) {
	r.Helper()
	for begin := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		done, saw := try()
		if done {
			return
		}
		if time.Since(begin) > patience {
			r.Fatalf("%s: last seen: %s", what, saw)
		}
	}
}

// settles waits until every member is ready, and every proxy would lead to the same.
func (r *rig) settles(copies int) string {
	r.Helper()
	leads := ""
	r.eventually("the members are ready", func() (bool, string) {
		for _, host := range r.members(copies) {
			if saw, err := r.script(host, "ready.sh"); err != nil {
				return false, host + ": " + saw
			}
		}
		leads = r.leads(watchers[0])
		for _, watcher := range watchers {
			if now := r.leads(watcher); now == "" || now != leads {
				return false, watcher + " leads to " + now
			}
		}
		return true, ""
	})
	return leads
}

func (r *rig) leads(watcher string) string {
	content, _ := os.ReadFile(filepath.Join(r.folder, watcher, "front", "primary"))
	return strings.TrimSpace(string(content))
}

// replaced waits until the proxies lead to another member.
func (r *rig) replaced(old string) string {
	r.Helper()
	begin, now := time.Now(), ""
	r.eventually("another primary", func() (bool, string) {
		now = r.leads(watchers[0])
		return now != "" && now != old, now
	})
	r.Logf("%s was replaced by %s after %s", old, now, time.Since(begin).Round(100*time.Millisecond))
	return now
}

// copied waits until every copy has what was written. WAIT would answer for the connection that asks, which has written nothing.
func (r *rig) copied(primary string, copies ...string) {
	r.Helper()
	wanted := r.offset(primary, "master_repl_offset")
	r.eventually("the copies have everything", func() (bool, string) {
		for _, host := range copies {
			if got := r.offset(host, "slave_repl_offset"); got < wanted {
				return false, fmt.Sprintf("%s has %d of %d", host, got, wanted)
			}
		}
		return true, ""
	})
}

func (r *rig) offset(host, name string) int {
	r.Helper()
	facts, err := r.ask("app_a", host, "INFO", "replication")
	if err != nil {
		r.Fatalf("%s: %s, %v", host, facts, err)
	}
	_, after, _ := strings.Cut(facts, name+":")
	line, _, _ := strings.Cut(after, "\n")
	number, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		r.Fatalf("%s of %s: %v in\n%s", name, host, err, facts)
	}
	return number
}

// TestEmptyPrimary: a primary that is killed and starts at once, empty, is not the primary any more, and its copies keep what they have.
func TestEmptyPrimary(t *testing.T) {
	start(t, 2, false, func(r *rig) {
		r.wants(first, "OK", "SET", "k", "v1")
		r.copied(first, second, third)
		r.signal(first, syscall.SIGKILL)
		r.run(first)
		next := r.replaced(first)
		r.wants(next, "v1", "GET", "k")
		r.settles(2)
		r.wants(first, "v1", "GET", "k")
		if got, err := r.ask("app_a", first, "SET", "k", "no"); err == nil {
			t.Errorf("the primary of before takes writes: %s", got)
		}
	})
}

// TestFrozenPrimary: one that is frozen is replaced; when it goes on it is a copy, and what it takes alone it does not acknowledge.
func TestFrozenPrimary(t *testing.T) {
	start(t, 2, false, func(r *rig) {
		r.wants(first, "OK", "SET", "k", "v1")
		r.copied(first, second, third)
		r.signal(first, syscall.SIGSTOP)
		next := r.replaced(first)
		r.eventually("the next primary takes writes", func() (bool, string) {
			got, err := r.ask("app_a", next, "SET", "k", "v2")
			return err == nil && got == "OK", got
		})
		r.signal(first, syscall.SIGCONT)
		r.settles(2)
		r.wants(first, "v2", "GET", "k")
	})
}

// TestHandsOver: a primary that is stopped as Kubernetes does it loses nothing, also where its one copy comes late.
func TestHandsOver(t *testing.T) {
	start(t, 1, false, func(r *rig) {
		r.signal(second, syscall.SIGKILL)
		r.wants(first, "OK", "SET", "k", "v1")
		left := make(chan struct{})
		go func() {
			defer close(left)
			_, _ = r.script(first, "leave.sh")
		}()
		r.run(second)
		ended := func() bool {
			select {
			case <-left:
				return true
			default:
				return false
			}
		}
		r.eventually("the primary leaves", func() (bool, string) { // the kubelet asks the copy whether it is ready
			saw, _ := r.script(second, "ready.sh")
			return ended(), saw
		})
		r.signal(first, syscall.SIGKILL)
		r.eventually("the copy is the primary", func() (bool, string) { return r.leads(watchers[0]) == second, r.leads(watchers[0]) })
		r.wants(second, "v1", "GET", "k")
	})
}

// TestHandsOverUnderWrites: whatever member takes a write, and when: what was acknowledged is there after the primary was stopped as
// Kubernetes does it and came back, again and again.
func TestHandsOverUnderWrites(t *testing.T) {
	start(t, 1, true, func(r *rig) {
		stop, acknowledged := make(chan struct{}), make(chan []string, 1)
		go func() {
			var records []string
			for i := 0; ; i++ {
				select {
				case <-stop:
					acknowledged <- records
					return
				default:
				}
				record := strconv.Itoa(i)
				if got, err := r.ask("app_a", r.members(1)[i%2], "RPUSH", "ledger", record); err == nil && got != "" {
					records = append(records, record)
				}
			}
		}()
		primary := first
		for range handovers {
			if saw, err := r.script(primary, "leave.sh"); err != nil {
				t.Errorf("%s leaves: %v: %s", primary, err, saw)
			}
			r.signal(primary, syscall.SIGKILL)
			next := r.replaced(primary)
			r.run(primary)
			if primary = r.settles(1); primary != next {
				t.Errorf("%s took the place of %s at once", primary, next)
			}
		}
		close(stop)
		records := <-acknowledged
		held, err := r.ask("app_a", primary, "LRANGE", "ledger", "0", "-1")
		if err != nil {
			t.Fatal(held)
		}
		there := strings.Fields(held)
		var lost []string
		for _, record := range records {
			if !slices.Contains(there, record) {
				lost = append(lost, record)
			}
		}
		t.Logf("%d records acknowledged", len(records))
		if len(lost) > 0 {
			t.Errorf("%d of %d records are lost: %v", len(lost), len(records), lost)
		}
	})
}

// TestAllRestart: after a loss of power the newest content is served again, by whom the sentinels remember.
func TestAllRestart(t *testing.T) {
	start(t, 1, true, func(r *rig) {
		r.signal(first, syscall.SIGKILL)
		r.replaced(first)
		r.run(first)
		r.settles(1)
		r.signal(first, syscall.SIGKILL) // it misses what comes now
		r.wants(second, "OK", "SET", "k", "newest")
		for _, host := range append([]string{second}, watchers...) {
			r.signal(host, syscall.SIGKILL)
		}
		for _, watcher := range watchers {
			if err := os.Remove(filepath.Join(r.folder, watcher, "front", "primary")); err != nil {
				t.Fatal(err)
			}
		}
		for _, host := range append([]string{first, second}, watchers...) {
			r.run(host)
		}
		if primary := r.settles(1); primary != second {
			t.Errorf("%s leads, not the one with the newest content", primary)
		}
		r.wants(first, "newest", "GET", "k")
	})
}

// TestLoginsOnEveryMember: the Job makes logins on every member and takes others back, and a member that was away takes the list when
// it sees it.
func TestLoginsOnEveryMember(t *testing.T) {
	start(t, 1, false, func(r *rig) {
		r.list(1, "app_a", "app_b")
		provision := func(staying string) {
			t.Helper()
			s := r.service()
			content, err := os.ReadFile(filepath.Join(r.folder, "users", usersFile))
			if err != nil {
				t.Fatal(err)
			}
			s.Replicas = 1
			if saw, err := r.script(first, "provision.sh", "LIST_DIGEST="+listDigest(string(content), ""), "COPIES=1", "STAYING="+staying); err != nil {
				t.Fatalf("the Job: %v\n%s", err, saw)
			}
		}
		works := func(login string, wanted bool) {
			t.Helper()
			for _, host := range r.members(1) {
				if got, err := r.ask(login, host, "PING"); (err == nil && got == "PONG") != wanted {
					t.Errorf("%s works on %s: %q, expected %v", login, host, got, wanted)
				}
			}
		}
		provision(first + " " + second)
		works("app_b", true)
		r.list(1, "app_b")
		for _, host := range r.members(1) { // no Job: the probe sees another list
			if saw, err := r.script(host, "ready.sh"); err != nil {
				t.Fatal(saw)
			}
		}
		works("app_a", false)
		works("app_b", true)
		r.list(1, "app_a")
		provision(second) // the first server goes: the copy has to be the primary
		if got, err := r.ask("app_a", second, "ROLE"); err != nil || !strings.HasPrefix(got, "master") {
			t.Errorf("the copy is not the primary: %s, %v", got, err)
		}
	})
}
