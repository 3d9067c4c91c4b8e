BEGIN TRANSACTION;
CREATE TABLE contact (
    only INTEGER PRIMARY KEY CHECK (only = 1), last_contact_at TEXT, clock_offset_s INTEGER);
INSERT INTO "contact" VALUES(1,'2020-09-01T08:00:05.000Z',295);
CREATE TABLE draft (
    id TEXT PRIMARY KEY, form TEXT NOT NULL, form_version TEXT NOT NULL, village TEXT NOT NULL,
    household TEXT, target_ids TEXT NOT NULL, corrects TEXT, answers TEXT NOT NULL, position TEXT NOT NULL,
    updated_at TEXT NOT NULL);
INSERT INTO "draft" VALUES('6a5a5a67-a971-84ba-8289-f03a52992a50','visit','2020.1','140525100201','56ecd3f1-0c98-8675-8220-4bc64a5cd039','{"household":"56ecd3f1-0c98-8675-8220-4bc64a5cd039"}',NULL,'{"visit_outcome": "refused"}','','2020-09-01T08:00:12.000Z');
CREATE TABLE draft_seen (
    draft TEXT REFERENCES draft (id) ON DELETE CASCADE, dataset TEXT, id TEXT, base_version INTEGER NOT NULL,
    base TEXT NOT NULL, seen TEXT NOT NULL, follows TEXT, history TEXT, PRIMARY KEY (draft, dataset));
INSERT INTO "draft_seen" VALUES('6a5a5a67-a971-84ba-8289-f03a52992a50','household','56ecd3f1-0c98-8675-8220-4bc64a5cd039',0,'{}','{}',NULL,NULL);
CREATE TABLE entity (
    dataset TEXT, id TEXT, village TEXT NOT NULL, at_hub INTEGER NOT NULL, version INTEGER NOT NULL,
    history TEXT, generation INTEGER NOT NULL, props TEXT NOT NULL, conflicts TEXT NOT NULL,
    updated_at TEXT NOT NULL, effective TEXT NOT NULL, household TEXT, marks TEXT NOT NULL,
    PRIMARY KEY (dataset, id));
INSERT INTO "entity" VALUES('household','3165d063-2085-8b77-88bf-4181b9de9715','140525100201',1,1,'8a3aa27f-461c-8eb9-88e1-886985c727a1',1,'{"door_number":"1号","head_name":"张三","visit_outcome":"not_at_home"}','[]','2020-09-01T08:05:00.000Z','{"door_number":"1号","head_name":"张三","visit_outcome":"not_at_home"}',NULL,'');
INSERT INTO "entity" VALUES('household','5584caa8-cec8-83db-8973-fd3078603aa1','140525100201',0,0,NULL,0,'{}','[]','','{"door_number":"2号","head_name":"李四䶮","heating_status":"","not_heated_reason":"","remark":"门锁着","visit_outcome":"not_at_home","visited_on":"2020-09-01"}',NULL,'new waiting');
CREATE TABLE form (
    id TEXT, version TEXT, sha256 TEXT NOT NULL, xml TEXT NOT NULL, PRIMARY KEY (id, version));
INSERT INTO "form" VALUES('visit','2020.1','5fbf27ffb1505de18fad17a6690ba65dabb397da0be95b4abceb4319216df11a','<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ev="http://www.w3.org/2001/xml-events" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms" xmlns:odk="http://www.opendatakit.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities">
  <h:head>
    <h:title>走访结果 / Visit outcome</h:title>
    <model odk:xforms-version="1.0.0" entities:entities-version="2024.1.0">
      <itext>
        <translation lang="中文 (zh)" default="true()">
          <text id="outcomes-0">
            <value>已入户</value>
          </text>
          <text id="outcomes-1">
            <value>家中无人</value>
          </text>
          <text id="outcomes-2">
            <value>冬季不取暖</value>
          </text>
          <text id="outcomes-3">
            <value>拒绝登记</value>
          </text>
          <text id="not_heated_reasons-0">
            <value>空置房</value>
          </text>
          <text id="not_heated_reasons-1">
            <value>冬季外出</value>
          </text>
          <text id="not_heated_reasons-2">
            <value>待拆迁</value>
          </text>
          <text id="not_heated_reasons-3">
            <value>冬季住亲属家</value>
          </text>
          <text id="not_heated_reasons-4">
            <value>其他</value>
          </text>
          <text id="/data/home:label">
            <value><output value=" /data/door_number "/> <output value=" /data/head_name "/> </value>
          </text>
          <text id="/data/new_door:jr:constraintMsg">
            <value>门牌号不超过20个字</value>
          </text>
          <text id="/data/new_door:jr:requiredMsg">
            <value>请填门牌号；没有门牌的填组别和顺序号</value>
          </text>
          <text id="/data/new_door:label">
            <value>门牌号</value>
          </text>
          <text id="/data/new_door:hint">
            <value>还没有登记的户，先记下门牌</value>
          </text>
          <text id="/data/new_head:jr:constraintMsg">
            <value>姓名为2至30个字，不含数字</value>
          </text>
          <text id="/data/new_head:label">
            <value>户主姓名</value>
          </text>
          <text id="/data/new_head:hint">
            <value>邻居说得出的就填</value>
          </text>
          <text id="/data/visit_outcome:jr:requiredMsg">
            <value>请选择走访结果</value>
          </text>
          <text id="/data/visit_outcome:label">
            <value>走访结果</value>
          </text>
          <text id="/data/go_on:label">
            <value>情况有变化的，请接着填《入户登记》</value>
          </text>
          <text id="/data/reason:jr:requiredMsg">
            <value>请选择不取暖的原因</value>
          </text>
          <text id="/data/reason:label">
            <value>不取暖的原因</value>
          </text>
          <text id="/data/reason:hint">
            <value>没有原因的户不能从取暖户数中扣除</value>
          </text>
          <text id="/data/visited_on:jr:constraintMsg">
            <value>走访日期不能晚于今天，也不能早于2019年</value>
          </text>
          <text id="/data/visited_on:jr:requiredMsg">
            <value>请填走访日期</value>
          </text>
          <text id="/data/visited_on:label">
            <value>走访日期</value>
          </text>
          <text id="/data/visit_remark:jr:constraintMsg">
            <value>备注不超过500个字</value>
          </text>
          <text id="/data/visit_remark:jr:requiredMsg">
            <value>原因选了其他，请说明</value>
          </text>
          <text id="/data/visit_remark:label">
            <value>备注</value>
          </text>
          <text id="/data/visit_remark:hint">
            <value>原因选其他的，在这里说明</value>
          </text>
        </translation>
        <translation lang="English (en)">
          <text id="outcomes-0">
            <value>Surveyed</value>
          </text>
          <text id="outcomes-1">
            <value>Not at home</value>
          </text>
          <text id="outcomes-2">
            <value>Not heated in winter</value>
          </text>
          <text id="outcomes-3">
            <value>Refused</value>
          </text>
          <text id="not_heated_reasons-0">
            <value>Vacant house</value>
          </text>
          <text id="not_heated_reasons-1">
            <value>Away in winter</value>
          </text>
          <text id="not_heated_reasons-2">
            <value>Awaiting demolition</value>
          </text>
          <text id="not_heated_reasons-3">
            <value>Lives with kin</value>
          </text>
          <text id="not_heated_reasons-4">
            <value>Other</value>
          </text>
          <text id="/data/home:label">
            <value><output value=" /data/door_number "/> <output value=" /data/head_name "/> </value>
          </text>
          <text id="/data/new_door:jr:constraintMsg">
            <value>At most 20 characters</value>
          </text>
          <text id="/data/new_door:jr:requiredMsg">
            <value>Enter the door number, or group and sequence where there is no plate</value>
          </text>
          <text id="/data/new_door:label">
            <value>Door number</value>
          </text>
          <text id="/data/new_door:hint">
            <value>Not in the list yet: note its door first</value>
          </text>
          <text id="/data/new_head:jr:constraintMsg">
            <value>2 to 30 characters without digits</value>
          </text>
          <text id="/data/new_head:label">
            <value>Householder</value>
          </text>
          <text id="/data/new_head:hint">
            <value>If a neighbour knows</value>
          </text>
          <text id="/data/visit_outcome:jr:requiredMsg">
            <value>Choose the outcome</value>
          </text>
          <text id="/data/visit_outcome:label">
            <value>Outcome of the visit</value>
          </text>
          <text id="/data/go_on:label">
            <value>If anything changed, fill in the household registration next</value>
          </text>
          <text id="/data/reason:jr:requiredMsg">
            <value>Choose the reason</value>
          </text>
          <text id="/data/reason:label">
            <value>Why not heated</value>
          </text>
          <text id="/data/reason:hint">
            <value>Without a reason the home stays in the base</value>
          </text>
          <text id="/data/visited_on:jr:constraintMsg">
            <value>Not later than today, not before 2019</value>
          </text>
          <text id="/data/visited_on:jr:requiredMsg">
            <value>Enter the date</value>
          </text>
          <text id="/data/visited_on:label">
            <value>Date of the visit</value>
          </text>
          <text id="/data/visit_remark:jr:constraintMsg">
            <value>At most 500 characters</value>
          </text>
          <text id="/data/visit_remark:jr:requiredMsg">
            <value>The reason is "other": say which</value>
          </text>
          <text id="/data/visit_remark:label">
            <value>Remark</value>
          </text>
          <text id="/data/visit_remark:hint">
            <value>Say here what "other" means</value>
          </text>
        </translation>
      </itext>
      <instance>
        <data id="visit" version="2020.1">
          <household_id/>
          <village/>
          <village_name/>
          <person/>
          <head_name/>
          <door_number/>
          <heating_status/>
          <not_heated_reason/>
          <remark/>
          <home/>
          <new_door/>
          <new_head/>
          <visit_outcome/>
          <go_on/>
          <reason/>
          <visited_on/>
          <visit_remark/>
          <door_now/>
          <head_now/>
          <remark_now/>
          <heating_status_now/>
          <not_heated_reason_now/>
          <meta>
            <entity dataset="household" create="1" update="1" baseVersion="" trunkVersion="" branchId="" id="">
              <label/>
            </entity>
            <instanceID/>
          </meta>
        </data>
      </instance>
      <instance id="outcomes">
        <root>
          <item>
            <itextId>outcomes-0</itextId>
            <name>surveyed</name>
          </item>
          <item>
            <itextId>outcomes-1</itextId>
            <name>not_at_home</name>
          </item>
          <item>
            <itextId>outcomes-2</itextId>
            <name>not_heated</name>
          </item>
          <item>
            <itextId>outcomes-3</itextId>
            <name>refused</name>
          </item>
        </root>
      </instance>
      <instance id="not_heated_reasons">
        <root>
          <item>
            <itextId>not_heated_reasons-0</itextId>
            <name>empty</name>
          </item>
          <item>
            <itextId>not_heated_reasons-1</itextId>
            <name>away_winter</name>
          </item>
          <item>
            <itextId>not_heated_reasons-2</itextId>
            <name>demolition</name>
          </item>
          <item>
            <itextId>not_heated_reasons-3</itextId>
            <name>lives_with_kin</name>
          </item>
          <item>
            <itextId>not_heated_reasons-4</itextId>
            <name>other</name>
          </item>
        </root>
      </instance>
      <bind nodeset="/data/household_id" type="string"/>
      <bind nodeset="/data/village" type="string"/>
      <bind nodeset="/data/village_name" type="string"/>
      <bind nodeset="/data/person" type="string"/>
      <bind nodeset="/data/head_name" type="string"/>
      <bind nodeset="/data/door_number" type="string"/>
      <bind nodeset="/data/heating_status" type="string"/>
      <bind nodeset="/data/not_heated_reason" type="string"/>
      <bind nodeset="/data/remark" type="string"/>
      <bind nodeset="/data/home" readonly="true()" type="string" relevant=" /data/head_name  != ''''"/>
      <bind nodeset="/data/new_door" type="string" required="true()" jr:requiredMsg="jr:itext(''/data/new_door:jr:requiredMsg'')" relevant=" /data/door_number  = ''''" constraint="string-length(.) &lt;= 20" jr:constraintMsg="jr:itext(''/data/new_door:jr:constraintMsg'')"/>
      <bind nodeset="/data/new_head" type="string" relevant=" /data/door_number  = ''''" constraint="regex(., ''^[^0-9]{2,30}$'')" jr:constraintMsg="jr:itext(''/data/new_head:jr:constraintMsg'')"/>
      <bind nodeset="/data/visit_outcome" type="string" required="true()" jr:requiredMsg="jr:itext(''/data/visit_outcome:jr:requiredMsg'')" entities:saveto="visit_outcome"/>
      <bind nodeset="/data/go_on" readonly="true()" type="string" relevant=" /data/visit_outcome  = ''surveyed''"/>
      <bind nodeset="/data/reason" type="string" required="true()" jr:requiredMsg="jr:itext(''/data/reason:jr:requiredMsg'')" relevant=" /data/visit_outcome  = ''not_heated''"/>
      <bind nodeset="/data/visited_on" type="date" required="true()" jr:requiredMsg="jr:itext(''/data/visited_on:jr:requiredMsg'')" constraint=". &lt;= today() and . &gt;= date(''2019-01-01'')" jr:constraintMsg="jr:itext(''/data/visited_on:jr:constraintMsg'')" entities:saveto="visited_on"/>
      <setvalue ref="/data/visited_on" event="odk-instance-first-load" value="today()"/>
      <bind nodeset="/data/visit_remark" type="string" required=" /data/reason  = ''other''" jr:requiredMsg="jr:itext(''/data/visit_remark:jr:requiredMsg'')" constraint="string-length(.) &lt;= 500" jr:constraintMsg="jr:itext(''/data/visit_remark:jr:constraintMsg'')"/>
      <bind nodeset="/data/door_now" type="string" calculate="coalesce( /data/door_number ,  /data/new_door )" entities:saveto="door_number"/>
      <bind nodeset="/data/head_now" type="string" calculate="coalesce( /data/head_name ,  /data/new_head )" entities:saveto="head_name"/>
      <bind nodeset="/data/remark_now" type="string" calculate="coalesce( /data/visit_remark ,  /data/remark )" entities:saveto="remark"/>
      <bind nodeset="/data/heating_status_now" type="string" calculate="if( /data/visit_outcome  = ''not_heated'', ''not_heated'',  /data/heating_status )" entities:saveto="heating_status"/>
      <bind nodeset="/data/not_heated_reason_now" type="string" calculate="if( /data/visit_outcome  = ''not_heated'',  /data/reason ,  /data/not_heated_reason )" entities:saveto="not_heated_reason"/>
      <bind nodeset="/data/meta/entity/@create" calculate="true()" readonly="true()" type="string"/>
      <bind nodeset="/data/meta/entity/@update" calculate="true()" readonly="true()" type="string"/>
      <bind nodeset="/data/meta/entity/@baseVersion" calculate="instance(''household'')/root/item[name= /data/household_id ]/__version" readonly="true()" type="string"/>
      <bind nodeset="/data/meta/entity/@trunkVersion" calculate="instance(''household'')/root/item[name= /data/household_id ]/__trunkVersion" readonly="true()" type="string"/>
      <bind nodeset="/data/meta/entity/@branchId" calculate="instance(''household'')/root/item[name= /data/household_id ]/__branchId" readonly="true()" type="string"/>
      <bind nodeset="/data/meta/entity/@id" readonly="true()" type="string" calculate=" /data/household_id "/>
      <bind nodeset="/data/meta/entity/label" calculate="concat( /data/door_now , '' '',  /data/head_now )" readonly="true()" type="string"/>
      <bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/>
    </model>
  </h:head>
  <h:body>
    <input ref="/data/home">
      <label ref="jr:itext(''/data/home:label'')"/>
    </input>
    <input ref="/data/new_door">
      <label ref="jr:itext(''/data/new_door:label'')"/>
      <hint ref="jr:itext(''/data/new_door:hint'')"/>
    </input>
    <input ref="/data/new_head">
      <label ref="jr:itext(''/data/new_head:label'')"/>
      <hint ref="jr:itext(''/data/new_head:hint'')"/>
    </input>
    <select1 ref="/data/visit_outcome">
      <label ref="jr:itext(''/data/visit_outcome:label'')"/>
      <itemset nodeset="instance(''outcomes'')/root/item">
        <value ref="name"/>
        <label ref="jr:itext(itextId)"/>
      </itemset>
    </select1>
    <input ref="/data/go_on">
      <label ref="jr:itext(''/data/go_on:label'')"/>
    </input>
    <select1 ref="/data/reason">
      <label ref="jr:itext(''/data/reason:label'')"/>
      <hint ref="jr:itext(''/data/reason:hint'')"/>
      <itemset nodeset="instance(''not_heated_reasons'')/root/item">
        <value ref="name"/>
        <label ref="jr:itext(itextId)"/>
      </itemset>
    </select1>
    <input ref="/data/visited_on">
      <label ref="jr:itext(''/data/visited_on:label'')"/>
    </input>
    <input ref="/data/visit_remark" appearance="multiline">
      <label ref="jr:itext(''/data/visit_remark:label'')"/>
      <hint ref="jr:itext(''/data/visit_remark:hint'')"/>
    </input>
  </h:body>
</h:html>
');
CREATE TABLE household_row (
    id TEXT PRIMARY KEY, village TEXT NOT NULL, sort_key TEXT NOT NULL, head_name TEXT NOT NULL,
    door_number TEXT NOT NULL, device TEXT NOT NULL, fuel TEXT NOT NULL, visit_outcome TEXT NOT NULL,
    conversion_kind TEXT, conversion_step TEXT, marks TEXT NOT NULL, search TEXT NOT NULL);
INSERT INTO "household_row" VALUES('3165d063-2085-8b77-88bf-4181b9de9715','140525100201','00000001号','张三','1号','','','not_at_home',NULL,NULL,'','张三
1号

');
INSERT INTO "household_row" VALUES('5584caa8-cec8-83db-8973-fd3078603aa1','140525100201','00000002号','李四䶮','2号','','','not_at_home',NULL,NULL,'new waiting','李四䶮
2号

');
CREATE TABLE identity (
    stage TEXT PRIMARY KEY CHECK (stage IN ('current', 'pending')),
    device TEXT NOT NULL, secret TEXT NOT NULL, server TEXT NOT NULL,
    county TEXT NOT NULL DEFAULT '', county_name TEXT NOT NULL DEFAULT '',
    person TEXT NOT NULL DEFAULT '', person_name TEXT NOT NULL DEFAULT '', history TEXT,
    chain_seq INTEGER NOT NULL DEFAULT 0, chain_hash TEXT NOT NULL DEFAULT '');
INSERT INTO "identity" VALUES('current','2160866a-7d26-8165-8a88-19f04424e453','050cbc700df285aa82d4689d6a65a0d5d60824b6fb44859f8803e8bc0be099f2','http://127.0.0.1:8000','140525','泽州县（模拟数据）','surveyor-of-the-older-app','王五','8a3aa27f-461c-8eb9-88e1-886985c727a1',3,'eb6d116c3f2af1715f5b68c1abab6d4150feb45731bb4f8a55ebb824966b1e42');
CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE submission (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, village TEXT NOT NULL, household TEXT,
    label TEXT NOT NULL, corrects TEXT, body BLOB NOT NULL, state TEXT NOT NULL CHECK
        (state IN ('waiting', 'sent_safe', 'merged', 'conflict', 'rejected')),
    outcome TEXT, verdict BLOB, verdict_history TEXT, not_yet TEXT);
INSERT INTO "submission" VALUES(1,'ee9d0ef4-1aee-81df-8214-e0da32257077','140525100201','3165d063-2085-8b77-88bf-4181b9de9715','张三 1号',NULL,X'7B22616E7377657273223A7B22646F6F725F6E6F77223A2231E58FB7222C22686561645F6E6F77223A22E5BCA0E4B889222C22686F757365686F6C645F6964223A2233313635643036332D323038352D386237372D383862662D343138316239646539373135222C226E65775F646F6F72223A2231E58FB7222C226E65775F68656164223A22E5BCA0E4B889222C22706572736F6E223A227375727665796F722D6F662D7468652D6F6C6465722D617070222C2276696C6C616765223A22313430353235313030323031222C2276697369745F6F7574636F6D65223A226E6F745F61745F686F6D65222C22766973697465645F6F6E223A22323032302D30392D3031227D2C22636F727265637473223A6E756C6C2C22636F756E7479223A22313430353235222C22646576696365223A2232313630383636612D376432362D383136352D386138382D313966303434323465343533222C226465766963655F736571223A312C22666F726D223A227669736974222C22666F726D5F76657273696F6E223A22323032302E31222C22686973746F7279223A2238613361613237662D343631632D386562392D383865312D383836393835633732376131222C226964223A2265653964306566342D316165652D383164662D383231342D653064613332323537303737222C226F627365727665645F6174223A22323032302D30392D30315430383A30303A30332E3030305A222C22706572736F6E223A227375727665796F722D6F662D7468652D6F6C6465722D617070222C2270726576696F75735F68617368223A22222C2274617267657473223A5B7B2262617365223A7B7D2C22626173655F76657273696F6E223A302C2264617461736574223A22686F757365686F6C64222C22666F6C6C6F7773223A6E756C6C2C226964223A2233313635643036332D323038352D386237372D383862662D343138316239646539373135227D5D2C2276696C6C616765223A22313430353235313030323031227D','sent_safe','applied',X'7B22636F6465223A6E756C6C2C226661756C7473223A5B5D2C226669656C64223A6E756C6C2C226669656C6473223A5B5D2C226D61726B73223A5B5D2C226F7574636F6D65223A226170706C696564222C22726561736F6E223A6E756C6C2C227375626D697373696F6E223A2265653964306566342D316165652D383164662D383231342D653064613332323537303737222C2276657273696F6E73223A7B22686F757365686F6C642F33313635643036332D323038352D386237372D383862662D343138316239646539373135223A317D7D','8a3aa27f-461c-8eb9-88e1-886985c727a1',NULL);
INSERT INTO "submission" VALUES(2,'9c4f2241-695d-8ef0-86cb-642c1d92b5a1','140525100201','5584caa8-cec8-83db-8973-fd3078603aa1','李四䶮 2号',NULL,X'7B22616E7377657273223A7B22646F6F725F6E6F77223A2232E58FB7222C22686561645F6E6F77223A22E69D8EE59B9BE4B6AE222C22686F757365686F6C645F6964223A2235353834636161382D636563382D383364622D383937332D666433303738363033616131222C226E65775F646F6F72223A2232E58FB7222C226E65775F68656164223A22E69D8EE59B9BE4B6AE222C22706572736F6E223A227375727665796F722D6F662D7468652D6F6C6465722D617070222C2276696C6C616765223A22313430353235313030323031222C2276697369745F6F7574636F6D65223A226E6F745F61745F686F6D65222C22766973697465645F6F6E223A22323032302D30392D3031227D2C22636F727265637473223A6E756C6C2C22636F756E7479223A22313430353235222C22646576696365223A2232313630383636612D376432362D383136352D386138382D313966303434323465343533222C226465766963655F736571223A322C22666F726D223A227669736974222C22666F726D5F76657273696F6E223A22323032302E31222C22686973746F7279223A2238613361613237662D343631632D386562392D383865312D383836393835633732376131222C226964223A2239633466323234312D363935642D386566302D383663622D363432633164393262356131222C226F627365727665645F6174223A22323032302D30392D30315430383A30303A30382E3030305A222C22706572736F6E223A227375727665796F722D6F662D7468652D6F6C6465722D617070222C2270726576696F75735F68617368223A2231666666373832393165316263613435653363303366316662353137386566623236643965616430363865623134656463313662653332366238636437633061222C2274617267657473223A5B7B2262617365223A7B7D2C22626173655F76657273696F6E223A302C2264617461736574223A22686F757365686F6C64222C22666F6C6C6F7773223A6E756C6C2C226964223A2235353834636161382D636563382D383364622D383937332D666433303738363033616131227D5D2C2276696C6C616765223A22313430353235313030323031227D','waiting',NULL,NULL,NULL,NULL);
INSERT INTO "submission" VALUES(3,'5534a6d6-6943-8133-8c47-650ae4112336','140525100201','5584caa8-cec8-83db-8973-fd3078603aa1','李四䶮 2号',NULL,X'7B22616E7377657273223A7B22646F6F725F6E6F77223A2232E58FB7222C22646F6F725F6E756D626572223A2232E58FB7222C22686561645F6E616D65223A22E69D8EE59B9BE4B6AE222C22686561645F6E6F77223A22E69D8EE59B9BE4B6AE222C22686F757365686F6C645F6964223A2235353834636161382D636563382D383364622D383937332D666433303738363033616131222C22706572736F6E223A227375727665796F722D6F662D7468652D6F6C6465722D617070222C2272656D61726B223A22E997A8E99481E79D80222C2272656D61726B5F6E6F77223A22E997A8E99481E79D80222C2276696C6C616765223A22313430353235313030323031222C2276697369745F6F7574636F6D65223A226E6F745F61745F686F6D65222C22766973697465645F6F6E223A22323032302D30392D3031227D2C22636F727265637473223A6E756C6C2C22636F756E7479223A22313430353235222C22646576696365223A2232313630383636612D376432362D383136352D386138382D313966303434323465343533222C226465766963655F736571223A332C22666F726D223A227669736974222C22666F726D5F76657273696F6E223A22323032302E31222C22686973746F7279223A2238613361613237662D343631632D386562392D383865312D383836393835633732376131222C226964223A2235353334613664362D363934332D383133332D386334372D363530616534313132333336222C226F627365727665645F6174223A22323032302D30392D30315430383A30303A31312E3030305A222C22706572736F6E223A227375727665796F722D6F662D7468652D6F6C6465722D617070222C2270726576696F75735F68617368223A2263303733663036323334343632656361613636376639643565623934653634333933346666366237663036636563613133623435386536643639356364333964222C2274617267657473223A5B7B2262617365223A7B7D2C22626173655F76657273696F6E223A302C2264617461736574223A22686F757365686F6C64222C22666F6C6C6F7773223A2239633466323234312D363935642D386566302D383663622D363432633164393262356131222C226964223A2235353834636161382D636563382D383364622D383937332D666433303738363033616131227D5D2C2276696C6C616765223A22313430353235313030323031227D','waiting',NULL,NULL,NULL,NULL);
CREATE TABLE target (
    submission TEXT REFERENCES submission (id), dataset TEXT, id TEXT, changes TEXT NOT NULL,
    seen TEXT NOT NULL, changed TEXT NOT NULL, result_version INTEGER, contained INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (submission, dataset));
INSERT INTO "target" VALUES('ee9d0ef4-1aee-81df-8214-e0da32257077','household','3165d063-2085-8b77-88bf-4181b9de9715','{"door_number":"1号","head_name":"张三","heating_status":"","not_heated_reason":"","remark":"","visit_outcome":"not_at_home","visited_on":"2020-09-01"}','{}','{"door_number":"1号","head_name":"张三","visit_outcome":"not_at_home","visited_on":"2020-09-01"}',1,1);
INSERT INTO "target" VALUES('9c4f2241-695d-8ef0-86cb-642c1d92b5a1','household','5584caa8-cec8-83db-8973-fd3078603aa1','{"door_number":"2号","head_name":"李四䶮","heating_status":"","not_heated_reason":"","remark":"","visit_outcome":"not_at_home","visited_on":"2020-09-01"}','{}','{"door_number":"2号","head_name":"李四䶮","visit_outcome":"not_at_home","visited_on":"2020-09-01"}',NULL,0);
INSERT INTO "target" VALUES('5534a6d6-6943-8133-8c47-650ae4112336','household','5584caa8-cec8-83db-8973-fd3078603aa1','{"door_number":"2号","head_name":"李四䶮","heating_status":"","not_heated_reason":"","remark":"门锁着","visit_outcome":"not_at_home","visited_on":"2020-09-01"}','{"door_number":"2号","head_name":"李四䶮","heating_status":"","not_heated_reason":"","remark":"","visit_outcome":"not_at_home","visited_on":"2020-09-01"}','{"remark":"门锁着"}',NULL,0);
CREATE TABLE village (
    code TEXT PRIMARY KEY, name TEXT NOT NULL, township_name TEXT NOT NULL, area_class TEXT,
    assigned INTEGER NOT NULL, loaded INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 0,
    seq INTEGER, head INTEGER, after TEXT);
INSERT INTO "village" VALUES('140525100201','201村','1号镇','rural',1,1,1,1,NULL,NULL);
CREATE INDEX entity_village ON entity (village, generation);
CREATE INDEX entity_household ON entity (household, dataset);
CREATE INDEX household_row_order ON household_row (village, sort_key, id);
CREATE INDEX draft_village ON draft (village);
CREATE INDEX draft_household ON draft (household);
CREATE INDEX submission_state ON submission (state, seq);
CREATE INDEX submission_village ON submission (village, state);
CREATE INDEX submission_household ON submission (household, seq);
CREATE INDEX submission_corrects ON submission (corrects);
CREATE INDEX target_entity ON target (dataset, id);
COMMIT;
