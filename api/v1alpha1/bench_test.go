package v1alpha1_test

import "testing"

// BenchmarkRules measures what the rules cost the API server for the ten-line stack.
func BenchmarkRules(b *testing.B) {
	kinds := loadKinds(b)
	for _, name := range []string{"stack-ten-lines.yaml", "database-name.yaml", "stack-uses-exist.yaml"} {
		file := readFile(b, validFolder+"/"+name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if errs := file.judge(b, kinds); len(errs) > 0 {
					b.Fatal(errs)
				}
			}
		})
	}
}
