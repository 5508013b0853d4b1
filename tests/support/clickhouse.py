"""Prints what ClickHouse answers to the query in a file, asked in a directory: clickhouse.py DIRECTORY FILE."""

import os
import sys

import chdb

with open(sys.argv[2], encoding="utf-8") as file:
    query = file.read()
os.chdir(sys.argv[1])
sys.stdout.write(chdb.query(query, "TSV").data())
