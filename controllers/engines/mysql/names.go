package mysql

import "slices"

// loginLimit is the longest name of an account. One of a database may have twice as many characters.
const loginLimit = 32

// isReserved says which databases the server has, or are ours.
func isReserved(name string) bool {
	return slices.Contains([]string{"mysql", "sys", "information_schema", "performance_schema", "ndbinfo", "stackwright"}, name)
}
