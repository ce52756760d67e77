#!/bin/sh
# Ends with a status of its own.
exit 7
