"""Tests of tensor names and fused layouts."""
