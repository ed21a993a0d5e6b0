package debian

import (
	"fmt"
	"strconv"
	"strings"
)

// CheckUsers compares the accounts of an /etc/passwd with those a recipe pins.
// A package that changed one would leave the image catalog wrong.
func CheckUsers(passwd []byte, users []User) error {
	found := map[string]string{}
	for line := range strings.Lines(string(passwd)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) >= 4 {
			found[fields[0]] = fields[2] + ":" + fields[3]
		}
	}
	for _, user := range users {
		want := strconv.Itoa(user.ID) + ":" + strconv.Itoa(user.ID)
		if found[user.Name] != want {
			return fmt.Errorf("user %s is %q in the root file system, want %s: change the recipe and catalog.yaml together",
				user.Name, found[user.Name], want)
		}
	}
	return nil
}
