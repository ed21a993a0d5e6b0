package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// Report is what a container of a Job left behind as its termination message: a complaint, or the facts of an
// archive.
type Report struct {
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`

	Archive  string `json:"archive,omitempty"`
	Location string `json:"location,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	Engine   string `json:"engine,omitempty"`
	Version  string `json:"version,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
	Rows     int64  `json:"rows,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
}

// reportLimit is what Kubernetes keeps of a termination message, in bytes.
const reportLimit = 4096

// complaints are the reasons that a report may give.
var complaints = []string{
	v1alpha1.ReasonDumpFailed, v1alpha1.ReasonScratchFull, v1alpha1.ReasonTargetFull, v1alpha1.ReasonTargetUnreachable,
	v1alpha1.ReasonTargetDenied, v1alpha1.ReasonTargetNotFound, v1alpha1.ReasonTargetUntrusted, v1alpha1.ReasonWrongKey, v1alpha1.ReasonArchiveNotFound, v1alpha1.ReasonCorruptArchive, v1alpha1.ReasonForeignArchive,
	v1alpha1.ReasonNewerVersion, v1alpha1.ReasonNotEmpty, v1alpha1.ReasonStorageFull, v1alpha1.ReasonRestoreFailed,
	v1alpha1.ReasonRowsDiffer, v1alpha1.ReasonTopologyDiffers, v1alpha1.ReasonTopologyRefused,
	v1alpha1.ReasonExtensionsFailed,
}

var (
	reportPlace   = regexp.MustCompile(`^((s3|volume)://[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*)?$`)
	reportServer  = regexp.MustCompile(`^(https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?)?$`)
	reportVersion = regexp.MustCompile(`^([0-9]+(\.[0-9]+)*)?$`)
	reportEngine  = regexp.MustCompile(`^[A-Za-z]{0,32}$`)
	reportDigest  = regexp.MustCompile(`^([0-9a-f]{64})?$`)
)

// ParseReport reads a termination message. It comes from a pod that handles data of users: what could not be ours is not believed.
func ParseReport(text string) *Report {
	if len(text) > reportLimit || text == "" {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	report := &Report{}
	if err := decoder.Decode(report); err != nil || strings.TrimSpace(text[decoder.InputOffset():]) != "" || !report.sound() {
		return nil
	}
	report.Message = strings.TrimSpace(strings.Map(printable, report.Message))
	return report
}

func (r *Report) sound() bool {
	if r.Reason != "" {
		return slices.Contains(complaints, r.Reason)
	}
	return r.placed() && len(r.Version) <= 32 && reportVersion.MatchString(r.Version) &&
		reportEngine.MatchString(r.Engine) && reportDigest.MatchString(r.SHA256) && r.Bytes >= 0 && r.Rows >= 0
}

// placed says whether the archive and where it lies are of the right shape.
func (r *Report) placed() bool {
	return (r.Archive == "" || kit.IsArchive(r.Archive)) && len(r.Location) <= 512 && reportPlace.MatchString(r.Location) &&
		len(r.Endpoint) <= 262 && reportServer.MatchString(r.Endpoint)
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// lastReport is what the newest pod of a Job has to say; nil when that is nothing.
func lastReport(object client.Object, pods []corev1.Pod) *Report {
	mine := slices.DeleteFunc(podsOf(object, pods), func(pod corev1.Pod) bool { return pod.Labels[batchv1.JobNameLabel] != object.GetName() })
	slices.SortFunc(mine, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for i := range mine {
		for _, status := range slices.Concat(mine[i].Status.ContainerStatuses, mine[i].Status.InitContainerStatuses) {
			if report := reportOf(&status); report != nil {
				return report
			}
		}
	}
	return nil
}

// reportOf is what a container left behind when it last ended: one that waits to be tried again, or runs again, has said nothing new.
func reportOf(status *corev1.ContainerStatus) *Report {
	for _, state := range []corev1.ContainerState{status.State, status.LastTerminationState} {
		if state.Terminated != nil {
			return ParseReport(state.Terminated.Message)
		}
	}
	return nil
}

// hear heeds what a Job's newest pod left behind. What a failed Job failed of is asked for once more where the cache has nothing: it may
// show the end of the Job before that of its pod, and some verdicts are final.
func (o *Observer) hear(ctx context.Context, object client.Object, workload *Workload, pods []corev1.Pod) error {
	report := lastReport(object, pods)
	if report == nil && workload.Stuck {
		live := &corev1.PodList{}
		err := o.Live.List(ctx, live, client.InNamespace(object.GetNamespace()), client.MatchingLabels{batchv1.JobNameLabel: object.GetName()})
		if err != nil {
			return fmt.Errorf("list pods of job %s: %w", object.GetName(), err)
		}
		report = lastReport(object, live.Items)
	}
	workload.heed(report)
	return nil
}

// heed takes what a Job's pod complains of as the cause: it says more than that the Job failed.
func (w *Workload) heed(report *Report) {
	w.Report = report
	if report != nil && report.Reason != "" && !w.RolledOut {
		w.Cause = &Cause{report.Reason, report.Message}
	}
}

// LacksExtensions says whether a Job has made everything but an extension: databases and logins come first, and work.
func (w *Workload) LacksExtensions() bool {
	return w.Cause != nil && w.Cause.Reason == v1alpha1.ReasonExtensionsFailed
}

// Job observes a Job of the schedule.
func (o *Observer) Job(ctx context.Context, key client.ObjectKey) (*State, error) {
	object := &batchv1.Job{}
	if err := o.Cache.Get(ctx, key, object); apierrors.IsNotFound(err) {
		return nil, part.Invalid(v1alpha1.ReasonJobFailed,
			"job %s of the schedule was gone before it could be asked for the archive; this record can be deleted", key.Name)
	} else if err != nil {
		return nil, err
	}
	pods := &corev1.PodList{}
	err := o.Cache.List(ctx, pods, client.InNamespace(key.Namespace), client.MatchingLabels{batchv1.JobNameLabel: key.Name})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	workload, _ := workloadOf(object)
	if err := o.hear(ctx, object, &workload, pods.Items); err != nil {
		return nil, err
	}
	state := &State{}
	o.judge(ctx, state, object, &workload, pods.Items)
	state.Workloads = []Workload{workload}
	return state, nil
}
