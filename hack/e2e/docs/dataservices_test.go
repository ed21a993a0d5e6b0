// Package docs holds what the documentation says of tests against the tests.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/controllers"
)

const page = "../../../docs/data-services.md"

// capabilities of a data service, in the order of the tables.
var capabilities = []string{
	"Probe", "TLS", "Login of its own", "Replicas", "Rotation", "Backup", "Restore", "Verified restore", "Growth", "Minor upgrade",
	"Major upgrade", "Suspend", "Retention", "Exporter", "Parameters", "Topology", "Extensions",
}

// TestDataServices: every engine has a table with every capability, each with a test that exists or with a reason, and the overview
// says the same.
func TestDataServices(t *testing.T) {
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	overview, sections, _ := strings.Cut(string(content), "\n## ")
	engines, overviewRows := rows(overview)[0][1:], rows(overview)[1:]
	tests := testSources(t)
	tables := map[string][][]string{}
	for section := range strings.SplitSeq(sections, "\n## ") {
		title, table, _ := strings.Cut(section, "\n")
		tables[title] = rows(table)
	}
	for _, provider := range controllers.Providers() {
		column := slices.Index(engines, provider.Engine)
		if column < 0 || len(tables[provider.Engine]) == 0 {
			t.Errorf("%s says nothing of %s", page, provider.Engine)
			continue
		}
		for i, row := range tables[provider.Engine][1:] {
			if i >= len(capabilities) || row[0] != capabilities[i] {
				t.Errorf("%s: row %d is %q; the capabilities are %q", provider.Engine, i+1, row[0], capabilities)
				continue
			}
			if problem := tests.check(row[1], row[2]); problem != "" {
				t.Errorf("%s, %s: %s", provider.Engine, row[0], problem)
			}
			if overviewRows[i][0] != row[0] || overviewRows[i][column+1] != row[1] {
				t.Errorf("%s, %s: %q, but the overview says %q of %s", provider.Engine, row[0], row[1], overviewRows[i][column+1], overviewRows[i][0])
			}
		}
		if got := len(tables[provider.Engine]) - 1; got != len(capabilities) {
			t.Errorf("%s: %d capabilities of %d", provider.Engine, got, len(capabilities))
		}
	}
}

// rows are the rows of the tables of a text, cell by cell, without the lines below the headers.
func rows(text string) [][]string {
	var result [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		result = append(result, cells)
	}
	return result
}

// sources is the text of the tests on a real node.
type sources string

func testSources(t *testing.T) sources {
	files, err := filepath.Glob("../*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no tests beside this folder", err)
	}
	var all strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	return sources(all.String())
}

var testName = regexp.MustCompile("^`(Test[A-Za-z0-9]+)((?:/[A-Za-z0-9]+)*)`$")

// check says what is wrong with a cell: a yes names a test, with subtests that are named in the source, and a no gives a reason.
func (s sources) check(cell, proof string) string {
	match := testName.FindStringSubmatch(proof)
	switch {
	case cell == "no" && (match != nil || len(proof) < len("not built yet")):
		return "a no needs a reason, not " + proof
	case cell == "no":
		return ""
	case cell != "yes" || match == nil:
		return "it is neither a yes with a test nor a no with a reason: " + cell + " " + proof
	case !strings.Contains(string(s), "\nfunc "+match[1]+"(t *testing.T)"):
		return "there is no test " + match[1]
	}
	for name := range strings.SplitSeq(strings.Trim(match[2], "/"), "/") {
		if name != "" && !strings.Contains(string(s), `"`+name+`"`) {
			return "no test is called " + name
		}
	}
	return ""
}
