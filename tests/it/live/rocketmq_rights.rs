//! `waybill check` with a user of too few rights on a real broker with access control: each missing
//! right has a name, and the printed commands, run as they are printed, give what is needed.

use std::path::Path;
use std::process::Command;

use waybill_store::testing::TestDatabase;
use waybill_tests::rocketmq_cluster::{Cluster, Wanted, jars};

use super::check_rights::lacking;
use super::scene::{check, cluster};

const ACCESS_CONTROL: &str = r#"
authenticationEnabled=true
authenticationProvider=org.apache.rocketmq.auth.authentication.provider.DefaultAuthenticationProvider
authenticationMetadataProvider=org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider
initAuthenticationUser={"username":"admin","password":"admin-secret"}
innerClientAuthenticationCredentials={"accessKey":"admin","secretKey":"admin-secret"}
authorizationEnabled=true
authorizationProvider=org.apache.rocketmq.auth.authorization.provider.DefaultAuthorizationProvider
authorizationMetadataProvider=org.apache.rocketmq.auth.authorization.provider.LocalAuthorizationMetadataProvider
"#;

/// A program of this name, as an administrator has it: it signs as `admin`.
fn tool(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(folder.join("conf")).unwrap();
    let account = "accessKey: admin\nsecretKey: admin-secret\n";
    std::fs::write(folder.join("conf/tools.yml"), account).unwrap();
    let file = folder.join("mqadmin");
    let text = format!(
        "#!/bin/sh\nexec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx128m \
         -Drocketmq.home.dir={0} -Duser.home={0} -cp '{1}/*' \
         org.apache.rocketmq.tools.command.MQAdminStartup \"$@\"\n",
        folder.display(),
        jars()
    );
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// In a shell that finds the tool.
fn run(folder: &Path, command: &str) {
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", command])
        .env("PATH", path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("success"), "{command}: {output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rocketmqs_commands_grant_what_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let rocket = tokio::task::block_in_place(|| {
        let rocket = Cluster::start(&Wanted {
            brokers: 1,
            properties: ACCESS_CONTROL.to_owned(),
            ..Wanted::default()
        });
        tool(folder.path());
        for create in [
            "createUser -u few -p few-secret -t Normal",
            "updateTopic -t orders -r 1 -w 1",
            "updateSubGroup -g billing",
        ] {
            let command = format!("mqadmin {create} -n {} -c lab", rocket.namesrv());
            run(folder.path(), &command);
        }
        rocket
    });
    let database = TestDatabase::new().await;
    let with = |secret: &str| {
        let settings = format!(
            "namesrv = [{:?}]\naccess_key = \"few\"\nsecret_key = {secret:?}",
            rocket.namesrv()
        );
        cluster("payments", "rocketmq", "1s", &settings)
    };
    let refused = check(&database, &with("wrong")).await;
    assert_eq!(refused.code, 1);
    assert!(
        refused.said.contains("wrong credentials"),
        "{}",
        refused.said
    );

    let configuration = with("few-secret");
    let mut granted = Vec::new();
    loop {
        let looked = check(&database, &configuration).await;
        assert!(!looked.said.contains("few-secret"), "{}", looked.said);
        let lacking = lacking(&looked.said);
        assert_eq!(
            looked.code,
            i32::from(!lacking.is_empty()),
            "{}",
            looked.said
        );
        if lacking.is_empty() {
            break;
        }
        for (right, command) in lacking {
            assert!(
                !granted.contains(&command),
                "{right} is granted and still missing"
            );
            tokio::task::block_in_place(|| run(folder.path(), &command));
            granted.push(command);
        }
    }
    for right in [
        "'Cluster:lab' -a Get",
        "'Topic:orders' -a Get",
        "'Topic:orders' -a Get,Sub",
        "'Group:billing' -a Get",
        "'Group:TOOLS_CONSUMER' -a Sub",
    ] {
        assert!(
            granted.iter().any(|command| command.contains(right)),
            "{right}: {granted:#?}"
        );
    }
}
