// SPDX-License-Identifier: MIT

// What Google's reader of pprof says of profiles, one JSON object a line. It checks each
// (CheckValid), and fails if one is not valid.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/pprof/profile"
)

type said struct {
	Types         []string
	Sums          []int64
	Samples       int
	Time          int64
	Duration      int64
	Period        int64
	Default       string
	LocationsFrom int // 1: they are numbered 1..n in order, and all have a mapping
	Functions     []string
	Files         []string
	Mappings      []string
}

func judge(p *profile.Profile) said {
	s := said{Samples: len(p.Sample), Time: p.TimeNanos, Duration: p.DurationNanos,
		Period: p.Period, Default: p.DefaultSampleType, Sums: make([]int64, len(p.SampleType))}
	for _, t := range p.SampleType {
		s.Types = append(s.Types, t.Type+"/"+t.Unit)
	}
	for _, sample := range p.Sample {
		for i, value := range sample.Value {
			s.Sums[i] += value
		}
	}
	s.LocationsFrom = 1
	for i, l := range p.Location {
		if l.ID != uint64(i+1) || l.Mapping == nil {
			s.LocationsFrom = -1
		}
	}
	for _, f := range p.Function {
		s.Functions = append(s.Functions, f.Name)
		s.Files = append(s.Files, f.Filename)
	}
	for _, m := range p.Mapping {
		s.Mappings = append(s.Mappings, m.File+" "+m.BuildID)
	}
	return s
}

func main() {
	for _, path := range os.Args[1:] {
		data, err := os.ReadFile(path)
		var p *profile.Profile
		if err == nil {
			p, err = profile.ParseData(data)
		}
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(judge(p))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, path, err)
			os.Exit(1)
		}
	}
}
