package sweep

import "math"

// whole makes numbers what a document of Kubernetes holds: int64, and float64 where there is a fraction.
func whole(value any) any {
	switch v := value.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = whole(v[i])
		}
		return list
	case map[string]any:
		return wholeMap(v)
	}
	return value
}

func wholeMap(m map[string]any) map[string]any {
	result := make(map[string]any, len(m))
	for key, value := range m {
		result[key] = whole(value)
	}
	return result
}
