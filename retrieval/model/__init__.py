"""The embedding model: conversion of the bundled weights, loading, and precomputed vectors."""
