package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// onlyDirectives reads the configuration of the load balancer as nginx does. A word of the tenant has to be an argument of a
// location, whole, and the directives have to be those that a harmless path gives.
func (s *scene) onlyDirectives(ctx context.Context, word string) error {
	text, err := s.balancerConfig(ctx)
	if err != nil {
		return err
	}
	directives, err := parseNginx(text)
	if err != nil {
		return fmt.Errorf("%w:\n%s", err, text)
	}
	count := map[string]int{}
	found := 0
	for _, d := range directives {
		count[d[0]]++
		named := slices.Contains(d[1:], word) || slices.Contains(d[1:], word+"/")
		if named && d[0] == "location" {
			found++
		}
	}
	// Health and everybody; of each the rest, then the path itself and what is below it.
	if count["server"] != 2 || count["location"] != 5 || found != 2 {
		return fmt.Errorf("%d servers, %d locations, %d of them the tenant's:\n%s", count["server"], count["location"], found, text)
	}
	return nil
}

func (s *scene) balancerConfig(ctx context.Context) (string, error) {
	configs := &corev1.ConfigMapList{}
	if err := s.Client.List(ctx, configs, client.InNamespace(s.Own)); err != nil {
		return "", err
	}
	for i := range configs.Items {
		if text := configs.Items[i].Data["nginx.conf"]; text != "" {
			return text, nil
		}
	}
	return "", errors.New("there is no configuration of a load balancer")
}

// parseNginx returns the directives of a configuration, each with its arguments.
func parseNginx(text string) ([][]string, error) {
	var directives [][]string
	var current []string
	depth := 0
	for text = strings.TrimLeft(text, " \n"); text != ""; text = strings.TrimLeft(text, " \n") {
		switch text[0] {
		case ';', '{', '}':
			if len(current) > 0 {
				directives = append(directives, current)
			}
			depth += strings.Count(text[:1], "{") - strings.Count(text[:1], "}")
			current, text = nil, text[1:]
		case '"', '\'':
			word, rest, err := quotedWord(text)
			if err != nil {
				return nil, err
			}
			current, text = append(current, word), rest
		default:
			end := strings.IndexAny(text, " \n;{}")
			if end < 0 {
				return nil, errors.New("the configuration ends in a word")
			}
			current, text = append(current, text[:end]), text[end:]
		}
	}
	if depth != 0 || len(current) > 0 {
		return nil, errors.New("the configuration ends in a block")
	}
	return directives, nil
}

func quotedWord(text string) (word, rest string, err error) {
	quote := text[0]
	var result strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			result.WriteByte(text[i])
		case text[i] == quote:
			return result.String(), text[i+1:], nil
		default:
			result.WriteByte(text[i])
		}
	}
	return "", "", errors.New("a quote has no end")
}
