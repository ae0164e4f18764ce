# {{ msp }}: lets podserver send Microsoft Authenticator pushes to people of {{ company }}.
#
# A Global Administrator of {{ company }} runs this once, in Azure Cloud Shell (PowerShell), or in PowerShell 7 after
#   Install-Module Microsoft.Graph.Authentication -Scope CurrentUser
#
# It adds one public certificate to the application "Azure Multi-Factor Auth Client" of your directory, and leaves
# every certificate that is there as it is. There is no secret in it. Set $remove to $true to take ours away again.

$remove = $false
$directory = '{{ directory }}'
$name = 'CN={{ name }}'
$thumbprint = '{{ thumbprint }}'
$certificate = '{{ certificate }}'

$ErrorActionPreference = 'Stop'
Connect-MgGraph -TenantId $directory -Scopes 'Application.ReadWrite.All' -NoWelcome

function Get-Principal([string] $appId) {
    $uri = "/v1.0/servicePrincipals?`$filter=appId eq '$appId'&`$select=id,displayName,accountEnabled"
    $found = @((Invoke-MgGraphRequest -Method GET -Uri $uri).value | Where-Object { $_ })
    if ($found.Count -gt 0) { return $found[0] }
    $body = @{ appId = $appId } | ConvertTo-Json
    return Invoke-MgGraphRequest -Method POST -Uri '/v1.0/servicePrincipals' -Body $body -ContentType 'application/json'
}

$client = Get-Principal '{{ push_client }}'
$connector = Get-Principal '{{ push_connector }}'
$uri = "/v1.0/servicePrincipals/$($client.id)"

# Microsoft replaces the whole list of certificates with what it is sent. So the list is read, with its keys, and sent
# back with ours at its end.
$read = Invoke-MgGraphRequest -Method GET -Uri ($uri + '?$select=keyCredentials') -OutputType Json | ConvertFrom-Json
$before = @($read.keyCredentials | Where-Object { $_ })
$others = @($before | Where-Object { $_.key -ne $certificate })
$after = $others
if (-not $remove) {
    $after = $others + @{ type = 'AsymmetricX509Cert'; usage = 'Verify'; displayName = $name; key = $certificate }
}

if ((-not $remove) -and ($others.Count -lt $before.Count)) {
    Write-Host "The certificate $thumbprint is there already. Nothing was changed."
} else {
    $body = @{ keyCredentials = @($after) } | ConvertTo-Json -Depth 6
    Invoke-MgGraphRequest -Method PATCH -Uri $uri -Body $body -ContentType 'application/json' | Out-Null
    Write-Host "Certificates before: $($before.Count). Now: $(@($after).Count). Ours is $thumbprint."
}
foreach ($each in @($client, $connector)) {
    if ($each.accountEnabled -eq $false) { Write-Warning "$($each.displayName) is switched off under Enterprise applications." }
}
Disconnect-MgGraph | Out-Null
