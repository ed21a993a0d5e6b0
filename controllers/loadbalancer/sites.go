package loadbalancer

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// site is everything that is served under one hostname; an empty one is any.
type site struct {
	host      string
	locations []location
}

// location sends a path and everything below it to a component.
type location struct {
	path  string
	route part.Route
}

// sites sorts the routes by hostname and path. A request belongs to the most specific hostname that has a route for its path,
// and there to the longest path; nginx decides by the hostname alone, so that a site takes over from less specific ones what
// it leaves open.
func sites(routes []part.Route) ([]site, error) {
	byHost := map[string][]location{}
	for _, route := range routes {
		path, err := literalPath(route)
		if err != nil {
			return nil, err
		}
		if err := checkHostname(route); err != nil {
			return nil, err
		}
		for _, other := range byHost[route.Hostname] {
			if other.path == path {
				return nil, part.Invalid(v1alpha1.ReasonInvalid, "routes %s and %s both serve %s; change the hostname or the path of one",
					subject(other.route), subject(route), address(route.Hostname, path))
			}
		}
		byHost[route.Hostname] = append(byHost[route.Hostname], location{path, route})
	}
	return inherit(byHost), nil
}

// inherit completes the sites, the least specific hostname first.
func inherit(byHost map[string][]location) []site {
	hosts := make([]string, 0, len(byHost))
	for host := range byHost {
		hosts = append(hosts, host)
	}
	slices.SortFunc(hosts, func(a, b string) int {
		if weight := specificity(a) - specificity(b); weight != 0 {
			return weight
		}
		return strings.Compare(a, b)
	})
	var result []site
	for i, host := range hosts {
		complete := site{host, byHost[host]}
		for _, wider := range slices.Backward(hosts[:i]) {
			if covers(wider, host) {
				complete.takeOver(byHost[wider])
			}
		}
		slices.SortFunc(complete.locations, func(a, b location) int { return strings.Compare(a.path, b.path) })
		result = append(result, complete)
	}
	return result
}

// takeOver adds the locations of a wider hostname that lie below none of the site's own.
func (s *site) takeOver(wider []location) {
	var open []location
	for _, candidate := range wider {
		below := func(own location) bool { return contains(own.path, candidate.path) }
		if !slices.ContainsFunc(s.locations, below) {
			open = append(open, candidate)
		}
	}
	s.locations = slices.Concat(s.locations, open)
}

// specificity orders hostnames: any, then wildcards by their length, then names.
func specificity(host string) int {
	switch {
	case host == "":
		return 0
	case strings.HasPrefix(host, "*."):
		return len(host)
	}
	return 1 << 16
}

// covers says whether every name that the narrow hostname stands for is one of the wide hostname too.
func covers(wide, narrow string) bool {
	return wide == "" || strings.HasPrefix(wide, "*.") && strings.HasSuffix(narrow, wide[1:])
}

// contains says whether a path is the prefix of another one by whole segments.
func contains(prefix, path string) bool {
	return prefix == "/" || path == prefix || strings.HasPrefix(path, prefix+"/")
}

var hostname = regexp.MustCompile(`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// checkHostname refuses what the schema refuses as well: in server_name some characters would begin a regular expression.
func checkHostname(route part.Route) error {
	if route.Hostname == "" || len(route.Hostname) <= 253 && hostname.MatchString(route.Hostname) {
		return nil
	}
	return part.Invalid(v1alpha1.ReasonInvalid, "%s.hostnames: %q is not a hostname", routeField(route), route.Hostname)
}

// literalPath is a path as nginx compares it: decoded, and without a slash at the end. A path that no request can have after
// nginx has put its own in order is refused.
func literalPath(route part.Route) (string, error) {
	path, err := url.PathUnescape(route.Path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", part.Invalid(v1alpha1.ReasonInvalid, "%s.path: %q is not a path; it has to begin with a slash, "+
			"and what follows a %% has to be two hexadecimal digits of a character that can be printed", ruleField(route), route.Path)
	}
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return "/", nil
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "", part.Invalid(v1alpha1.ReasonInvalid,
				"%s.path: %q has an empty segment, or one of dots, and can never match", ruleField(route), route.Path)
		}
	}
	return path, nil
}

func address(host, path string) string {
	if host == "" {
		return path + " of any host"
	}
	return host + path
}
