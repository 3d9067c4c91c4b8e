"""What a small message is packed with: texts that both ends know, so that only what is new travels.

Field names and the shape of a message are most of a short one. Raw deflate with this dictionary in its window says
them in a few bits; the JSON inside stays as it reads in README.md. A dictionary never changes once a tablet may have
it (a test holds its hash); a better one gets another name.
"""

from __future__ import annotations

from typing import Final

# The likeliest last: deflate says what is near in fewer bits.
_D1 = (
    '{"error":"busy","message":"服务器正忙。","remedy":"记录仍保存在平板上；请稍后再同步。"}'
    '"not_yet":[{"code":"form_unknown","reason":"","submission":"'
    '"ask_digests":true,"reread":["challenge":"enrol_again":"restored""cloned""county_key":""digests":{'
    '"verdicts":[{"code":null,"faults":[],"field":null,"fields":[{"base":null,"dataset":"household","id":"'
    '","mine":"","outcome":"conflict","property":"","theirs":"","theirs_at":"","theirs_by":"",'
    '"theirs_submission":""}],"marks":["after_handover"],"outcome":"merged","reason":null,"submission":"","versions":{"household/'
    '"villages":[{"area_class":"rural","code":"140","name":"村","township_name":"镇"}]'
    '"part":{"encoding":"gzip","name":"","since":0,"size":'
    '"people":{"":"","takes":["columns","lean"]"head":0,"after":"household/'
    '"batch":{"answers":{"basics/":{"text":"|{"wide":11,"text":"{"of":["yes","no"],"at":"0'
    '"corrects":{"all":null},"county":{"all":"140"},"device":{"all":"","form":{"all":"household"},'
    '"form_version":{"all":"2020.1"},"history":{"all":"","id":{"ids":"","last":"","n":100,'
    '"observed_at":{"since":"2026-","text":"","wide":8},"person":{"all":"","previous_hash":{"of":["",""],"at":"1000'
    '"repeats":{},"seq":{"all":"1"},"targets":{"base":{"":{"base_version":{"all":"1"},"dataset":{"all":"household"},'
    '"follows":{"all":null},"id":{"ids":"","of":{"all":"1"}},"village":{"all":"140'
    '"tables":[{"conflicts":{"all":"[]"},"dataset":"household","gone":{"all":"false"},"id":{"all":"","n":1,'
    '"props":{"_pinyin":{"all":"head_name":{"all":"","door_number":{"all":"phone":{"all":"visit_outcome":{"all":"surveyed"},'
    '"visited_on":{"all":"2026-11-"},"same_as":{"all":"null"},"updated_at":{"all":"2026-"},"version":{"all":"2"},'
    '"village":{"all":"140"}}]}'
    '{"applied":[[0,9]],"county":"140525","cursors":{"140":1,"history":"","more":true,"now":"2026-11-","person":"'
    '","protocol":1}'
    '{"app_version":"0.1.0","can":["columns","lean","zstd"],"chain_hash":"","chain_seq":1,"county_key":"",'
    '"digest":"","forms":["coal_use@2020.1","conversion@2020.2","household@2020.1","payee@2020.1",'
    '"sighting@2020.2","visit@2020.1"],"free_bytes":1,"held":{"140":null,"140":0},"history":"",'
    '"photos_waiting":0,"protocol":1,"sent_at":"2026-11-","villages_hash":"","waiting":1}'
)
D1: Final = _D1.encode()
